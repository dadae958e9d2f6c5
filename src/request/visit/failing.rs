//! The logins that fail in a run of a request.

use std::sync::atomic::Ordering;

use super::Visit;
use crate::session::{FailedLogin, SessionId};

impl Visit {
    /// Notes that a login of the request, or of a part of it, was refused.
    pub(in crate::request) fn note_refused_login(&self, failed: FailedLogin, session: Option<SessionId>) {
        self.has_refused_login.store(true, Ordering::Relaxed);
        self.keep_failed_login(failed, session);
    }

    /// Whether a login was refused, of the request or of a part of it.
    pub(in crate::request) fn has_refused_login(&self) -> bool {
        self.has_refused_login.load(Ordering::Relaxed)
    }

    /// Keeps a failed login until the answer is decided.
    pub(in crate::request) fn login_failed(&self, failed: FailedLogin) {
        let session = self.stage().reading().and_then(|opened| opened.holding.loaded_version());
        self.keep_failed_login(failed, session.map(|(session, _)| session));
    }

    /// The same, with the session that the request has loaded.
    pub(in crate::request) fn keep_failed_login(&self, failed: FailedLogin, session: Option<SessionId>) {
        let failed = failed.from_client(self.arrival.client()).in_session(session);
        self.failed_logins.keep(&self.shared.ledger, failed);
    }
}
