//! Times as PostgreSQL keeps them: in whole microseconds since 1970.

use time::OffsetDateTime;

/// The microseconds from 1970 to `at`, rounded down.
pub(super) fn microseconds(at: OffsetDateTime) -> i64 {
    i64::try_from(at.unix_timestamp_nanos().div_euclid(1_000)).unwrap_or(i64::MAX)
}

/// The time `microseconds` after 1970, or 1970 itself if the calendar does not reach so far.
pub(super) fn from_microseconds(microseconds: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(microseconds) * 1_000)
        .unwrap_or(OffsetDateTime::UNIX_EPOCH)
}
