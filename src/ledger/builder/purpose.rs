//! Ledgers that serve no requests.

use super::Builder;

impl Builder {
    /// The ledger serves commands and no requests: its user may lack the rights that requests need, say as it
    /// is granted `session_ledger_auditor` alone.
    pub fn without_requests(mut self) -> Self {
        self.serves_requests = false;
        self
    }

    /// The database may have the schema of another version of the library: for [`verify_fold`], before the
    /// migrations of this version are applied. Whatever else such a ledger is asked may fail.
    ///
    /// [`verify_fold`]: crate::Ledger::verify_fold
    pub fn without_schema_check(mut self) -> Self {
        self.checks_schema = false;
        self
    }
}
