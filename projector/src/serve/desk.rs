//! What every page has at hand.

use std::sync::Arc;

use session_ledger::Ledger;
use session_ledger::ledger::QuestionError;
use session_ledger::session::WrittenBy;
use session_ledger::web::IpNet;
use time::{Duration, OffsetDateTime};
use tokio::sync::Semaphore;

use super::access::Access;
use super::passwords::Passwords;
use super::tries::Tries;
use crate::hidden::Hidden;

/// How many pages may be watched live at a time, by all users together.
const TAILS_MAX: usize = 16;

/// What every page has at hand.
pub(super) struct Desk {
    /// For questions about the audit, and to end sessions.
    pub(super) ledger: Ledger,
    pub(super) access: Access,
    pub(super) hidden: Hidden,
    /// The columns of the application's tables that say which session wrote a row.
    pub(super) tables: Vec<WrittenBy>,
    pub(super) passwords: Passwords,
    pub(super) tries: Tries,
    /// Proxies, whose address is not that of who tries to sign in.
    pub(super) trusted_proxies: Vec<IpNet>,
    pub(super) tails: Arc<Semaphore>,
}

impl Desk {
    /// Makes sure that the role may read the audit, before anybody asks.
    pub(super) async fn open(
        ledger: Ledger,
        access: Access,
        hidden: Hidden,
        tables: Vec<WrittenBy>,
        trusted_proxies: Vec<IpNet>,
    ) -> Result<Self, crate::Error> {
        let now = OffsetDateTime::now_utc();
        if let Err(QuestionError::Ledger(error)) =
            ledger.count_ends(now - Duration::SECOND, now, Duration::SECOND).await
        {
            return Err(error.into());
        }
        Ok(Self {
            ledger,
            access,
            hidden,
            tables,
            passwords: Passwords::new()?,
            tries: Tries::default(),
            trusted_proxies,
            tails: Arc::new(Semaphore::new(TAILS_MAX)),
        })
    }
}
