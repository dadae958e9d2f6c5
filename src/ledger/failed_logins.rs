//! Recording logins that failed.
//!
//! It happens beside the request, after its answer is decided: a failed login is most often answered 401, and
//! whatever the request's own transaction has written is rolled back. Nobody waits for it, so that it makes
//! no request slower or fail, and a visitor cannot tell by the time it takes whether there is such a user.

use super::{Error, Ledger};
use crate::session::FailedLogin;

impl Ledger {
    /// Records a login that has failed, and says whether it was recorded: not if this process has recorded as
    /// many within a minute as it may ([`Builder::failed_logins_per_minute`](super::Builder)). Then the next
    /// one that is recorded says how many were left out.
    ///
    /// It is for logins outside of a request's handler. A handler has
    /// [`Session::login_failed`](crate::web::Session::login_failed), which never fails and knows the client.
    ///
    /// ```no_run
    /// # use session_ledger::{Error, Ledger};
    /// use session_ledger::session::{Client, FailedLogin, LoginFailure};
    ///
    /// # async fn example(ledger: Ledger, client: Client) -> Result<(), Error> {
    /// let failed = FailedLogin::of("alice").because(LoginFailure::Locked).from_client(client);
    /// ledger.login_failed(failed).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// The database is away. The metric and the next one that is recorded count it as left out.
    pub async fn login_failed(&self, failed: FailedLogin) -> Result<bool, Error> {
        let Some(pending) = self.0.recorder.pending(failed) else { return Ok(false) };
        self.0.recorder.write(vec![pending]).await?;
        Ok(true)
    }

    /// Records logins that have failed, beside whatever goes on. Nobody waits for it.
    pub(crate) fn note_failed_login(&self, failed: FailedLogin) {
        let recorder = &self.0.recorder;
        let Some(pending) = recorder.pending(failed) else { return };
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        if let Some(leader) = recorder.grouping.join(pending) {
            let ledger = self.clone();
            runtime.spawn(async move { ledger.0.recorder.work(leader).await });
        }
    }
}
