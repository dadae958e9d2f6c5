//! The rules that the sessions of a ledger follow.

mod ceiling;
mod document;
mod remembering;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::seconds;
use super::{Assurance, PolicyError, Reaction, STATE_BYTES_MAX, Timeouts};

/// The rules that every session of a [`Ledger`](crate::Ledger) follows unless its own settings say otherwise.
///
/// Start from an assurance level of NIST SP 800-63B-4: [`aal1`](Self::aal1), which is the default,
/// [`aal2`](Self::aal2) or [`aal3`](Self::aal3). A limit beyond the level's ceiling is refused unless the
/// policy says why, with [`deviation`](Self::deviation). [`document`](Self::document) prints the policy for
/// a reviewer.
///
/// ```
/// use session_ledger::session::Policy;
///
/// // Half an hour without a request, twelve hours in all.
/// let policy = Policy::aal2().idle_timeout(1_800).absolute_timeout(43_200);
/// assert_eq!(policy.validate(), Ok(()));
///
/// let long = Policy::aal1().absolute_timeout(90 * 24 * 3600);
/// assert_eq!(
///     long.validate().unwrap_err().to_string(),
///     "setting `absolute_timeout` is 90 days, beyond the 30 days of NIST SP 800-63B-4 section 2.1.3 \
///      (AAL1): lower it, or say why with `deviation`"
/// );
/// assert_eq!(long.deviation("A shopping list with no personal data.").validate(), Ok(()));
/// ```
///
/// # From a file
///
/// It reads through serde; an unknown setting is an error. A span of time is a number of seconds, or a text
/// of digits and one unit: `"90s"`, `"30m"`, `"12h"`, `"14d"`. No limit is `null`, or the text `"none"`.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use session_ledger::session::Policy;
///
/// let policy: Policy = serde_json::from_str(r#"{ "assurance": "aal2", "idle_timeout": "30m",
///                                                "absolute_timeout": "12h" }"#)?;
/// assert_eq!(policy, Policy::aal2().idle_timeout(1_800).absolute_timeout(43_200));
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Policy {
    /// The level of NIST SP 800-63B-4 whose ceilings the limits are held to. AAL1 by default.
    pub assurance: Assurance,
    /// Why limits are beyond the level's ceilings, for those who review the policy.
    pub deviation: Option<String>,
    /// Seconds a session lives without being used; `None` for no limit. 14 days by default.
    #[serde(deserialize_with = "seconds::optional")]
    pub idle_timeout: Option<u32>,
    /// Seconds a session lives after the last authentication; `None` for no limit. 30 days by default.
    #[serde(deserialize_with = "seconds::optional")]
    pub absolute_timeout: Option<u32>,
    /// Seconds for which reading alone does not extend a session, so that reads write nothing. 60 by default.
    /// A session may end so much earlier than its idle limit says, and never later.
    #[serde(deserialize_with = "seconds::required")]
    pub extension_delay: u32,
    /// Of a hundred reads between the delay and the deadline, how many extend the session. 100 by default.
    pub extension_chance: u8,
    /// Seconds after which any read extends the session, where the chance is below 100. 300 by default.
    #[serde(deserialize_with = "seconds::required")]
    pub extension_deadline: u32,
    /// Seconds for which a superseded token is not yet taken for a replay. 30 by default.
    #[serde(deserialize_with = "seconds::required")]
    pub renewal_grace: u32,
    /// Seconds after which a session's token is renewed by itself; `None` for no such renewal, which is the
    /// default.
    #[serde(deserialize_with = "seconds::optional")]
    pub renewal_timeout: Option<u32>,
    /// Seconds between two answers that carry an offered token that the browser has not shown yet. 0 by
    /// default: each answer carries it.
    #[serde(deserialize_with = "seconds::required")]
    pub renewal_try_every: u32,
    /// The most bytes that a session may hold. 64 KiB by default, which is also the most that can be set.
    pub state_bytes_max: usize,
    /// What follows when a signed-in session is used from another browser. Nothing by default.
    pub changed_agent: Reaction,
    /// What follows when a signed-in session is used from another network. Nothing by default.
    pub changed_network: Reaction,
    /// The length of the prefix, in bits, that two addresses of IPv4 in one network share. 24 by default.
    pub network_prefix_v4: u8,
    /// The same for IPv6. 48 by default.
    pub network_prefix_v6: u8,
    /// How many live sessions a user may have at a time (ASVS 7.1.2); `None` for no limit, which is the
    /// default.
    pub sessions_per_user: Option<u32>,
    /// What a login does where a user has as many sessions as they may have: the oldest ends, by default.
    pub sessions_excess: SessionsExcess,
}

/// What a login does where its user has as many live sessions as they may have
/// ([`Policy::sessions_per_user`]). A configuration names it `deny`, `end_oldest` or `ask`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionsExcess {
    /// It is refused.
    Deny,
    /// It ends the session whose login is the longest ago, as `limit_exceeded`.
    #[default]
    EndOldest,
    /// It is refused with the list of the live sessions, and is granted if the user has chosen which of them
    /// it ends ([`Login::instead_of`](super::Login::instead_of)).
    Ask,
}

impl Default for Policy {
    fn default() -> Self {
        Self::aal1()
    }
}

/// The assurance levels of NIST SP 800-63B-4.
impl Policy {
    /// For one factor: 14 days without use, 30 days in all. The standard asks for no idle limit here.
    pub fn aal1() -> Self {
        Self {
            assurance: Assurance::Aal1,
            deviation: None,
            idle_timeout: Some(14 * 24 * 3600),
            absolute_timeout: Some(30 * 24 * 3600),
            extension_delay: 60,
            extension_chance: 100,
            extension_deadline: 300,
            renewal_grace: 30,
            renewal_timeout: None,
            renewal_try_every: 0,
            state_bytes_max: STATE_BYTES_MAX,
            changed_agent: Reaction::Off,
            changed_network: Reaction::Off,
            network_prefix_v4: 24,
            network_prefix_v6: 48,
            sessions_per_user: None,
            sessions_excess: SessionsExcess::EndOldest,
        }
    }

    /// For two factors: an hour without use, 24 hours in all.
    pub fn aal2() -> Self {
        let limits = Self::aal1().idle_timeout(3600).absolute_timeout(24 * 3600);
        Self { assurance: Assurance::Aal2, ..limits }
    }

    /// For two factors, one of them a hardware authenticator: 15 minutes without use, 12 hours in all.
    pub fn aal3() -> Self {
        let limits = Self::aal1().idle_timeout(15 * 60).absolute_timeout(12 * 3600);
        Self { assurance: Assurance::Aal3, ..limits }
    }
}

/// Setters, one a setting.
impl Policy {
    /// Says why limits are beyond the ceilings of the assurance level (ASVS 7.1.1). Without a reason such
    /// limits are refused.
    #[must_use]
    pub fn deviation(mut self, reason: impl Into<String>) -> Self {
        self.deviation = Some(reason.into());
        self
    }

    /// Sets the seconds that a session lives without being used; `None` for no limit.
    ///
    /// A session remembers the limits that it started with, and keeps them. Where it has none, the policy's
    /// hold, so a limit that is switched on works for the sessions that are there, too.
    #[must_use]
    #[doc(alias("OnInactivity", "session_ttl", "SESSION_COOKIE_AGE"))]
    pub fn idle_timeout(mut self, seconds: impl Into<Option<u32>>) -> Self {
        self.idle_timeout = seconds.into();
        self
    }

    /// Sets the seconds that a session lives after the last authentication; `None` for no limit. For sessions
    /// that are there, see [`idle_timeout`](Self::idle_timeout).
    #[must_use]
    pub fn absolute_timeout(mut self, seconds: impl Into<Option<u32>>) -> Self {
        self.absolute_timeout = seconds.into();
        self
    }

    /// Sets the seconds for which reading alone does not extend a session. In the second half of its idle
    /// limit each read extends it, whatever is set here.
    #[must_use]
    pub fn extension_delay(mut self, seconds: u32) -> Self {
        self.extension_delay = seconds;
        self
    }

    /// Sets how many of a hundred reads extend the session, from 1 to 100, once the delay is over. It spreads
    /// the notes of many sessions that are read at the same moments, and of many tabs of one.
    #[must_use]
    pub fn extension_chance(mut self, percent: u8) -> Self {
        self.extension_chance = percent;
        self
    }

    /// Sets the seconds after which any read extends the session, where the chance is below 100.
    #[must_use]
    pub fn extension_deadline(mut self, seconds: u32) -> Self {
        self.extension_deadline = seconds;
        self
    }

    /// Sets the seconds for which a superseded token is not yet taken for a replay.
    #[must_use]
    pub fn renewal_grace(mut self, seconds: u32) -> Self {
        self.renewal_grace = seconds;
        self
    }

    /// Sets the seconds after which a session's token is renewed by itself; `None` for no such renewal (OWASP
    /// Session Management Cheat Sheet, renewal timeout).
    ///
    /// The first request after that time that looks at its session gets a new token with its answer, at the
    /// cost of a write. It is offered: the old one stays as good as it was until the browser shows the new
    /// one, and is let in for the [`renewal_grace`](Self::renewal_grace) then.
    #[must_use]
    pub fn renewal_timeout(mut self, seconds: impl Into<Option<u32>>) -> Self {
        self.renewal_timeout = seconds.into();
        self
    }

    /// Sets the seconds between two answers that carry an offered token that the browser has not shown yet:
    /// the first one may have been lost. Each process counts by itself.
    #[must_use]
    pub fn renewal_try_every(mut self, seconds: u32) -> Self {
        self.renewal_try_every = seconds;
        self
    }

    /// Sets the most bytes that a session may hold.
    #[must_use]
    pub fn state_bytes_max(mut self, bytes: usize) -> Self {
        self.state_bytes_max = bytes;
        self
    }

    /// Sets what follows when somebody signed in uses a session from another browser than at the login, by
    /// its `User-Agent` without the numbers in it (ASVS 8.2.4, SM25). A thief can copy that header.
    #[must_use]
    pub fn changed_agent(mut self, reaction: Reaction) -> Self {
        self.changed_agent = reaction;
        self
    }

    /// Sets what follows when somebody signed in uses a session from another network than at the login (ASVS
    /// 8.2.4, SM25). Each new network counts once until the next proof of identity.
    ///
    /// A phone changes its network whenever it leaves home, and a browser may change between IPv4 and IPv6 at
    /// any moment: [`Reaction::End`] is for places whose clients do neither. Behind a load balancer the
    /// address is the visitor's only after [`trusted_proxies`](crate::web::SessionsBuilder::trusted_proxies).
    #[must_use]
    pub fn changed_network(mut self, reaction: Reaction) -> Self {
        self.changed_network = reaction;
        self
    }

    /// Sets how many bits at the beginning two addresses of one network share: of IPv4 from 1 to 32, of IPv6
    /// from 1 to 128.
    #[must_use]
    pub fn network_prefixes(mut self, v4: u8, v6: u8) -> Self {
        (self.network_prefix_v4, self.network_prefix_v6) = (v4, v6);
        self
    }

    /// Sets how many live sessions a user may have at a time, and what a login does beyond. The number is
    /// exact, however many processes log the user in at the same time. A login then takes one trip more.
    ///
    /// A session counts for the user who has logged in to it, whoever they act as. One whose time is over
    /// does not count, nor does another login in the same session. Sessions from before the limit count, and
    /// a login ends at most [`OTHERS_MAX`](crate::Ledger::OTHERS_MAX) of them.
    #[must_use]
    pub fn sessions_per_user(mut self, max: impl Into<Option<u32>>, excess: SessionsExcess) -> Self {
        (self.sessions_per_user, self.sessions_excess) = (max.into(), excess);
        self
    }
}

impl Policy {
    /// The limits that a new session starts with.
    pub fn timeouts(&self) -> Timeouts {
        Timeouts { idle: self.idle_timeout, absolute: self.absolute_timeout }
    }

    /// Checks the rules against each other, and against the ceilings of the assurance level.
    ///
    /// # Errors
    ///
    /// Names the first setting that cannot be followed, and why.
    pub fn validate(&self) -> Result<(), PolicyError> {
        self.timeouts().validate()?;
        self.validate_extension()?;
        self.permit_renewal(self.renewal_timeout)?;
        if !(1..=STATE_BYTES_MAX).contains(&self.state_bytes_max) {
            return refuse("state_bytes_max", "must be between 1 and 65536 bytes");
        }
        if !(1..=32).contains(&self.network_prefix_v4) {
            return refuse("network_prefix_v4", "must be between 1 and 32 bits");
        }
        if !(1..=128).contains(&self.network_prefix_v6) {
            return refuse("network_prefix_v6", "must be between 1 and 128 bits");
        }
        if self.sessions_per_user == Some(0) {
            return refuse("sessions_per_user", "must be at least 1, or nobody could log in");
        }
        if self.deviation.as_ref().is_some_and(|reason| reason.trim().is_empty()) {
            return refuse(
                "deviation",
                "must say why limits are beyond the standard's; leave it unset otherwise",
            );
        }
        self.within_ceilings(self.timeouts())
    }

    /// Makes sure that a session may have these limits of its own.
    pub(super) fn permit(&self, own: Timeouts) -> Result<(), PolicyError> {
        own.validate()?;
        let together = own.or(self.timeouts());
        together.validate()?;
        self.within_ceilings(together)
    }

    /// Makes sure that a session's token may be renewed after so many seconds.
    pub(super) fn permit_renewal(&self, timeout: Option<u32>) -> Result<(), PolicyError> {
        let timeout = timeout.unwrap_or(u32::MAX);
        if timeout <= self.renewal_grace {
            return refuse(
                "renewal_timeout",
                "must be longer than `renewal_grace`, or superseded tokens would pile up",
            );
        }
        if timeout <= self.renewal_try_every {
            return refuse(
                "renewal_try_every",
                "must be shorter than `renewal_timeout`, or a lost token would stay lost",
            );
        }
        Ok(())
    }

    fn within_ceilings(&self, limits: Timeouts) -> Result<(), PolicyError> {
        match ceiling::beyond(self.assurance, limits).next() {
            Some(PolicyError { setting, problem }) if self.deviation.is_none() => {
                let problem = format!("{problem}: lower it, or say why with `deviation`");
                Err(PolicyError { setting, problem: Cow::Owned(problem) })
            }
            _ => Ok(()),
        }
    }

    fn validate_extension(&self) -> Result<(), PolicyError> {
        let Self { extension_delay: delay, extension_deadline: deadline, .. } = *self;
        if self.idle_timeout.is_some_and(|idle| idle <= delay) {
            return refuse(
                "extension_delay",
                "must be shorter than `idle_timeout`, or reading would not keep a session",
            );
        }
        if !(1..=100).contains(&self.extension_chance) {
            return refuse("extension_chance", "must be between 1 and 100 percent");
        }
        if self.extension_chance == 100 {
            return Ok(());
        }
        if deadline <= delay {
            return refuse(
                "extension_deadline",
                "must be longer than `extension_delay`, or `extension_chance` would have no time",
            );
        }
        if self.idle_timeout.is_some_and(|idle| idle <= deadline) {
            return refuse(
                "extension_deadline",
                "must be shorter than `idle_timeout`, or reading might not keep a session",
            );
        }
        Ok(())
    }
}

fn refuse(setting: &'static str, problem: &'static str) -> Result<(), PolicyError> {
    Err(PolicyError { setting, problem: Cow::Borrowed(problem) })
}
