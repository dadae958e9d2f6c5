//! Times in words.

use time::format_description::BorrowedFormatItem;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{OffsetDateTime, UtcOffset};

const EXACT: &[BorrowedFormatItem<'_>] =
    format_description!("[day padding:none] [month repr:short] [year], [hour]:[minute]:[second] UTC");

/// A time for a `<time>` element. The server does not know the visitor's zone: `static/times.js` adds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Instant {
    /// For the browser: "2026-03-04T17:20:05Z".
    pub(crate) machine: String,
    /// For a person: "4 Mar 2026, 17:20:05 UTC".
    pub(crate) exact: String,
}

impl From<OffsetDateTime> for Instant {
    fn from(at: OffsetDateTime) -> Self {
        // Nobody looks for a login by its microseconds.
        let at = at.to_offset(UtcOffset::UTC).truncate_to_second();
        Self { machine: at.format(&Rfc3339).unwrap_or_default(), exact: at.format(EXACT).unwrap_or_default() }
    }
}

/// "just now", "5 minutes ago", "3 days ago".
pub(crate) fn ago(at: OffsetDateTime, now: OffsetDateTime) -> String {
    let minutes = (now - at).whole_minutes();
    let (count, unit) = match minutes {
        ..1 => return "just now".to_owned(),
        1..60 => (minutes, "minute"),
        60..1440 => (minutes / 60, "hour"),
        _ => (minutes / 1440, "day"),
    };
    format!("{count} {unit}{} ago", if count == 1 { "" } else { "s" })
}

#[test]
fn a_time_is_told_in_the_largest_unit_that_fits() {
    let at = time::macros::datetime!(2026-03-04 17:20:05 UTC);
    for (seconds, words) in [
        (-5, "just now"),
        (59, "just now"),
        (60, "1 minute ago"),
        (7_199, "1 hour ago"),
        (7_200, "2 hours ago"),
        (2 * 86_400, "2 days ago"),
    ] {
        assert_eq!(ago(at, at + time::Duration::seconds(seconds)), words);
    }
}

#[test]
fn a_time_is_exact_to_the_second_and_in_utc() {
    let at = Instant::from(time::macros::datetime!(2026-03-04 18:20:05.678 +1));
    assert_eq!(at.machine, "2026-03-04T17:20:05Z");
    assert_eq!(at.exact, "4 Mar 2026, 17:20:05 UTC");
}
