//! A policy as a document that can be reviewed.

use std::fmt::Write;

use super::ceiling::{self, Ceiling};
use super::{Policy, SessionsExcess};
use crate::session::seconds::words;
use crate::session::{Assurance, Reaction};

impl Policy {
    /// The policy in Markdown, for the review that ASVS 7.1.1 asks for: each limit with its value, its
    /// ceiling and the ceiling's source, what happens at the limit, and the deviations with their reason.
    ///
    /// ```
    /// use session_ledger::session::Policy;
    ///
    /// let document = Policy::aal2().document();
    /// assert!(document.starts_with("# Session policy\n\nAssurance level AAL2 of NIST SP 800-63B-4.\n"));
    /// assert!(document.ends_with("No limit is beyond the standard.\n"));
    /// ```
    pub fn document(&self) -> String {
        let level = match self.assurance {
            Assurance::Aal1 => "AAL1",
            Assurance::Aal2 => "AAL2",
            Assurance::Aal3 => "AAL3",
        };
        let mut text = format!("# Session policy\n\nAssurance level {level} of NIST SP 800-63B-4.\n\n{HEAD}");
        for (setting, value, ceiling, sources, behaviour) in self.rows() {
            let behaviour =
                if value == OFF && behaviour != NOTHING { "there is no limit" } else { behaviour };
            let ceiling = ceiling.map_or("none".to_owned(), Ceiling::words);
            // Writing to a text never fails.
            writeln!(text, "| `{setting}` | {value} | {ceiling} | {sources} | {behaviour} |").ok();
        }
        text.push_str(&format!("\n{CLOCK}\n## Deviations\n\n{}", self.deviations()));
        text
    }

    fn rows(&self) -> impl Iterator<Item = Row> {
        self.limits().into_iter().chain(self.renewal()).chain(self.others())
    }

    fn limits(&self) -> [Row; 5] {
        let limit = |seconds: Option<u32>| seconds.map_or(OFF.to_owned(), words);
        [
            (
                "idle_timeout",
                limit(self.idle_timeout),
                ceiling::idle(self.assurance),
                "ASVS 7.3.1, SM18",
                "the session ends as `idle_timeout`; its user signs in again",
            ),
            (
                "absolute_timeout",
                limit(self.absolute_timeout),
                Some(ceiling::absolute(self.assurance)),
                "ASVS 7.3.2, SM19",
                "the session ends as `absolute_timeout`, however busy it is; a proof of identity before starts it anew",
            ),
            (
                "extension_delay",
                words(self.extension_delay),
                None,
                "ASVS 7.3.1",
                "a read after it is noted as use; a session may end so much earlier, never later",
            ),
            (
                "extension_chance",
                format!("{} %", self.extension_chance),
                None,
                "ASVS 7.3.1",
                "so many of the reads after the delay are noted as use",
            ),
            (
                "extension_deadline",
                if self.extension_chance == 100 { OFF.to_owned() } else { words(self.extension_deadline) },
                None,
                "ASVS 7.3.1",
                "any read after it is noted as use",
            ),
        ]
    }

    fn renewal(&self) -> [Row; 3] {
        [
            (
                "renewal_grace",
                words(self.renewal_grace),
                None,
                "ASVS 7.2.4, SM13",
                "a superseded token that is shown later, after its successor, ends the session as `token_replayed`",
            ),
            (
                "renewal_timeout",
                self.renewal_timeout.map_or(OFF.to_owned(), words),
                None,
                "SM20",
                "a new token is offered, and takes the place of the old one when the browser shows it",
            ),
            (
                "renewal_try_every",
                words(self.renewal_try_every),
                None,
                "SM20",
                "an offered token that was not shown is sent again",
            ),
        ]
    }

    fn others(&self) -> [Row; 4] {
        [
            (
                "state_bytes_max",
                format!("{} bytes", self.state_bytes_max),
                None,
                "ASVS 2.4.1",
                "the change is refused, and the session is as it was",
            ),
            (
                "changed_agent",
                self.changed_agent.as_str().to_owned(),
                None,
                "ASVS 8.2.4, SM25",
                Self::behaviour(self.changed_agent),
            ),
            (
                "changed_network",
                self.network(),
                None,
                "ASVS 8.2.4, SM25",
                Self::behaviour(self.changed_network),
            ),
            (
                "sessions_per_user",
                self.sessions_per_user.map_or(OFF.to_owned(), |max| max.to_string()),
                None,
                "ASVS 7.1.2, SM28",
                self.excess(),
            ),
        ]
    }

    fn network(&self) -> String {
        let (reaction, v4, v6) = (self.changed_network, self.network_prefix_v4, self.network_prefix_v6);
        if reaction == Reaction::Off {
            OFF.to_owned()
        } else {
            format!("{} (/{v4}, /{v6})", reaction.as_str())
        }
    }

    fn behaviour(reaction: Reaction) -> &'static str {
        match reaction {
            Reaction::Off => NOTHING,
            Reaction::Note => "each new one is a fact in the log and an incident",
            Reaction::StepUp => "the same, and the user must prove again who they are",
            Reaction::End => "the session ends as `client_changed`",
        }
    }

    fn excess(&self) -> &'static str {
        match self.sessions_excess {
            SessionsExcess::Deny => "a login is refused",
            SessionsExcess::EndOldest => {
                "a login ends the session whose login is the longest ago, as `limit_exceeded`"
            }
            SessionsExcess::Ask => "a login is refused unless the user has chosen a session that it ends",
        }
    }

    fn deviations(&self) -> String {
        let beyond: String = ceiling::beyond(self.assurance, self.timeouts())
            .map(|found| format!("- `{}` {}.\n", found.setting, found.problem))
            .collect();
        match (&self.deviation, beyond.is_empty()) {
            (_, true) => "No limit is beyond the standard.\n".to_owned(),
            (Some(reason), false) => format!("{beyond}\nThe reason: {}\n", reason.trim()),
            (None, false) => format!("{beyond}\nNo reason is given, so the policy is refused.\n"),
        }
    }
}

/// Setting, value, ceiling, sources, and the behaviour at the limit.
type Row = (&'static str, String, Option<Ceiling>, &'static str, &'static str);

const OFF: &str = "off";

const NOTHING: &str = "nothing follows";

const HEAD: &str = "| setting | value | at most | sources | at the limit |\n|---|---|---|---|---|\n";

const CLOCK: &str = "\
Times are those of the database's clock alone. A session keeps the limits that it started with, or those that
the application gives it later, within the same ceilings unless the policy deviates. Where it has none, these
hold, also for sessions that started before the limit was set.

A browser keeps a session when it closes only where the application remembers it, at AAL1 (NIST SP 800-63B-4
section 5.1), or where the policy deviates.
";

impl Ceiling {
    fn words(self) -> String {
        let verb = if self.is_binding { "SHALL" } else { "SHOULD" };
        format!("{} ({verb}), {}", words(self.most), self.source)
    }
}
