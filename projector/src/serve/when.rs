//! Times for people and for forms. All are UTC, and say so.

use time::format_description::BorrowedFormatItem;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{OffsetDateTime, PrimitiveDateTime, UtcOffset};

const EXACT: &[BorrowedFormatItem<'_>] =
    format_description!("[day padding:none] [month repr:short] [year], [hour]:[minute]:[second] UTC");
const FIELD: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day]T[hour]:[minute]");
const FIELD_TO_SECOND: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]");

/// A time for a `<time>` element. The script adds the time in the reader's zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Instant {
    /// For the browser: "2026-03-04T17:20:05Z".
    pub(super) machine: String,
    /// For a person: "4 Mar 2026, 17:20:05 UTC".
    pub(super) exact: String,
}

impl From<OffsetDateTime> for Instant {
    fn from(at: OffsetDateTime) -> Self {
        let at = at.to_offset(UtcOffset::UTC).truncate_to_second();
        Self { machine: at.format(&Rfc3339).unwrap_or_default(), exact: at.format(EXACT).unwrap_or_default() }
    }
}

/// The value of a `datetime-local` field, which has no zone: UTC here.
pub(super) fn field(at: OffsetDateTime) -> String {
    at.to_offset(UtcOffset::UTC).format(FIELD).unwrap_or_default()
}

/// Reads the value of such a field.
pub(super) fn read_field(text: &str) -> Option<OffsetDateTime> {
    let read = |format| PrimitiveDateTime::parse(text, format).ok();
    Some(read(FIELD).or_else(|| read(FIELD_TO_SECOND))?.assume_utc())
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn a_time_is_exact_to_the_second_and_in_utc() {
        let at = Instant::from(datetime!(2026-03-04 18:20:05.678 +1));
        assert_eq!(
            (at.machine.as_str(), at.exact.as_str()),
            ("2026-03-04T17:20:05Z", "4 Mar 2026, 17:20:05 UTC")
        );
    }

    #[test]
    fn a_field_is_read_as_it_is_written() {
        assert_eq!(field(datetime!(2026-03-04 18:20:05 +1)), "2026-03-04T17:20");
        assert_eq!(read_field("2026-03-04T17:20"), Some(datetime!(2026-03-04 17:20 UTC)));
        assert_eq!(read_field("2026-03-04T17:20:09"), Some(datetime!(2026-03-04 17:20:09 UTC)));
        for other in ["", "yesterday", "2026-02-30T00:00", "2026-03-04T17:20+05:00"] {
            assert_eq!(read_field(other), None, "{other}");
        }
    }
}
