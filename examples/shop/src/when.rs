//! Times in words.

use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

const EXACT: &[BorrowedFormatItem<'_>] =
    format_description!("[day padding:none] [month repr:short] [year], [hour]:[minute]:[second] UTC");

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

/// "4 Mar 2026, 17:20:05 UTC".
pub(crate) fn exact(at: OffsetDateTime) -> String {
    at.to_offset(time::UtcOffset::UTC).format(EXACT).unwrap_or_default()
}

#[test]
fn a_time_is_told_in_the_largest_unit_that_fits() {
    let at = time::macros::datetime!(2026-03-04 17:20:05 UTC);
    assert_eq!(exact(at), "4 Mar 2026, 17:20:05 UTC");
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
