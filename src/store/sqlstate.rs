//! The meaning of PostgreSQL's error codes for the library.

use tokio_postgres::Error as DriverError;
use tokio_postgres::error::SqlState;

/// The error's code, or `disconnected` if the server sent none.
pub(super) fn sqlstate(error: &DriverError) -> String {
    error.code().map_or("disconnected", SqlState::code).to_owned()
}

/// Whether the transaction lost a race: serialization failure, deadlock, no memory left for predicate locks,
/// or a lock that was waited for as long as the `lock_timeout` of the server's owner allows. It has done
/// nothing and may run again.
pub(super) fn is_conflict(code: &SqlState) -> bool {
    let lost = [
        SqlState::T_R_SERIALIZATION_FAILURE,
        SqlState::T_R_DEADLOCK_DETECTED,
        SqlState::OUT_OF_MEMORY,
        SqlState::LOCK_NOT_AVAILABLE,
    ];
    lost.contains(code)
}

/// Whether the server lacks something that it needs, such as room on its disk: class 53, as far as it is
/// neither of the two others here, and errors of the disk (58030).
pub(super) fn is_shortage(code: &SqlState) -> bool {
    let is_named = is_conflict(code) || is_absence(code);
    !is_named && code.code().starts_with("53") || *code == SqlState::IO_ERROR
}

/// Whether the server is stopping, starting or full: classes 57P0x and 08, and 53300 (too many connections).
pub(super) fn is_absence(code: &SqlState) -> bool {
    code.code().starts_with("57P0")
        || code.code().starts_with("08")
        || *code == SqlState::TOO_MANY_CONNECTIONS
}

/// Whether reading from the connection or writing to it failed.
pub(super) fn is_io(error: &DriverError) -> bool {
    std::error::Error::source(error).is_some_and(|source| source.is::<std::io::Error>())
}

/// Whether a prepared statement would return other columns than when it was prepared: somebody has altered a
/// table. PostgreSQL uses the same code for every feature that it lacks. The name of its routine tells this
/// case from the others, and is the same in every language.
pub(super) fn is_outdated(error: &DriverError) -> bool {
    let refusal = error.as_db_error().filter(|refusal| *refusal.code() == SqlState::FEATURE_NOT_SUPPORTED);
    refusal.is_some_and(|refusal| refusal.routine().is_none_or(|routine| routine == "RevalidateCachedQuery"))
}

/// Whether the server does not know a prepared statement, or knows another one of its name: a pooler has
/// replaced the server connection that prepared it.
pub(super) fn is_misplaced(error: &DriverError) -> bool {
    matches!(error.code(), Some(&SqlState::INVALID_SQL_STATEMENT_NAME | &SqlState::DUPLICATE_PSTATEMENT))
}

/// PostgreSQL's message with its code. The detail is left out: it may quote a row.
pub(super) fn describe(error: &DriverError) -> String {
    match error.as_db_error() {
        Some(refusal) => format!("{} ({})", refusal.message(), refusal.code().code()),
        None => match std::error::Error::source(error) {
            Some(source) => format!("{error}: {source}"),
            None => error.to_string(),
        },
    }
}
