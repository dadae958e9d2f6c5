//! What is expected of a statement.

/// The expectation of a statement.
pub(crate) enum Check {
    /// Its plan.
    Plan {
        /// The role that runs it, and so must be allowed to.
        role: &'static str,
        /// The arguments of the statement. `ID` is the id of a live session.
        arguments: &'static str,
        /// Parts that the plan must have. It must have no table scan.
        wanted: &'static [&'static str],
    },
    /// No expectation, and the reason.
    Exempt(&'static str),
}

pub(crate) const RUNTIME: &str = "session_ledger_runtime";
pub(crate) const RELAY: &str = "session_ledger_relay";
pub(crate) const AUDITOR: &str = "session_ledger_auditor";
pub(crate) const OPERATOR: &str = "session_ledger_operator";

pub(crate) const FENCED: &[&str] = &["LockRows", "Index Scan using a_session_is_live_once on session"];

pub(crate) const ONE: &str = "reads and writes the one row of a subscription, outside any request";
pub(crate) const INBOX: &str = "reads the tables of an inbox: `tests/inbox` looks at its plan";
pub(crate) const NO_PLAN: &str = "changes settings, locks or definitions and reads no table";
pub(crate) const LOOKED_UP: &str =
    "goes through indexes in their order, with a plan that is kept: `tests/views` looks at the plans";
pub(crate) const ASKED: &str = "is planned for its conditions each time: `tests/views` looks at the plans";
pub(crate) const PAGED: &str = "reads a bounded part of a table with each run, outside any request";
pub(crate) const WHOLE: &str = "handles a table as a whole, by design and outside any request";
