//! What a ledger does with logins that failed.

use std::sync::Arc;

use super::Builder;
use crate::session::FailedLogin;

impl Builder {
    /// The most failed logins a minute that this process records; 1,000 unless set. Whoever guesses
    /// passwords, thousands a second, must not fill a disk with it. One address may have a quarter of them,
    /// unless they are few, so that it does not hide the others. The next one that is recorded says how many
    /// were left out, and the metric `session_ledger_failed_logins_total` counts all.
    pub fn failed_logins_per_minute(mut self, failed_logins: u32) -> Self {
        self.failed_logins_per_minute = failed_logins;
        self
    }

    /// Called for each failed login that this process has recorded, right afterwards
    /// ([`Session::login_failed`](crate::web::Session::login_failed)). It must not block. Logins that succeed
    /// are events: see [`on_committed`](Self::on_committed).
    pub fn on_login_failed(mut self, hook: impl Fn(&FailedLogin) + Send + Sync + 'static) -> Self {
        self.on_login_failed = Some(Arc::new(hook));
        self
    }
}
