//! What this process has committed, told to the application and to the log.

use std::fmt;
use std::sync::Arc;

use tokio::sync::watch;

use crate::session::{Client, Entry, Event, SessionId, Written};

/// The name under which the log tells of facts.
pub(super) const TARGET: &str = "session_ledger::fact";

/// A fact of a session, right after it was committed: see [`Builder::on_committed`](super::Builder).
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Committed<'a> {
    /// The session.
    pub session: SessionId,
    /// The event as the log holds it: its [`event`](Entry::event) is the fact, its `user` whose fact it is.
    pub entry: &'a Entry,
    /// The client, also where the event does not name it as it is no news.
    pub client: Option<&'a Client>,
}

/// The application's ear for what is committed.
pub(super) type CommittedHook = Arc<dyn Fn(&Committed<'_>) + Send + Sync>;

/// Tells of what is committed.
#[derive(Clone, Default)]
pub(super) struct Teller {
    pub(super) hook: Option<CommittedHook>,
    commits: watch::Sender<()>,
}

/// Hears that this process has committed.
pub(super) struct Commits(watch::Receiver<()>);

impl Commits {
    /// Only what comes from now on counts.
    pub(super) fn forget(&mut self) {
        self.0.mark_unchanged();
    }

    /// Waits for a commit since the last time that this was called, or the others were forgotten.
    pub(super) async fn next(&mut self) {
        if self.0.changed().await.is_err() {
            // The ledger is gone, and commits nothing any more.
            std::future::pending::<()>().await;
        }
    }
}

impl fmt::Debug for Teller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Teller").field("hook", &self.hook.is_some()).finish_non_exhaustive()
    }
}

impl Teller {
    pub(super) fn commits(&self) -> Commits {
        Commits(self.commits.subscribe())
    }

    /// Tells the hook of each event, and the log of those that a monitor wants to hear of (ASVS 16.3.1).
    /// Wakes the followers of the feed in this process.
    pub(super) fn tell(&self, written: &Written) {
        self.commits.send_replace(());
        let is_logged = tracing::enabled!(target: TARGET, tracing::Level::INFO);
        for entry in &written.entries {
            if let Some(hook) = &self.hook {
                let client = entry.client.as_ref().or(written.state.client.as_ref());
                hook(&Committed { session: written.id, entry, client });
            }
            // An event about who is signed in names its client, and most of the others do not.
            if is_logged && entry.client.is_some() {
                log(written.id, entry);
            }
        }
    }
}

/// One line for an event with a name in the OWASP Logging Vocabulary. It holds no user, no value and no
/// address: the log of sessions has them.
fn log(session: SessionId, entry: &Entry) {
    let Ok(event) = entry.event() else { return };
    let Some(owasp) = event.owasp() else { return };
    let reason = match &event {
        Event::Ended(ended) => Some(tracing::field::display(&ended.reason)),
        _ => None,
    };
    let (kind, version) = (event.kind(), entry.version);
    tracing::info!(target: TARGET, owasp, kind, %session, version, reason, "a fact was committed");
}
