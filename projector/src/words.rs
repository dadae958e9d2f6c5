//! Numbers, times and clients in words. Events are told by the library.

use std::net::IpAddr;

use session_ledger::session::browser_name;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A number with its noun: `1 event`, `2 events`.
pub(crate) fn count(number: u64, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// A time in UTC to the second, for people.
pub(crate) fn to_second(at: OffsetDateTime) -> String {
    exact(at.replace_nanosecond(0).unwrap_or(at))
}

/// A time in UTC with all its digits, for machines (RFC 3339).
pub(crate) fn exact(at: OffsetDateTime) -> String {
    let utc = at.to_offset(time::UtcOffset::UTC);
    // Years beyond 9999 have no place in RFC 3339.
    utc.format(&Rfc3339).unwrap_or_else(|_| utc.to_string())
}

/// The address and the browser of a request, as far as they are known.
pub(crate) fn client(ip: Option<IpAddr>, user_agent: Option<&str>) -> String {
    match (ip, user_agent.map(browser_name)) {
        (Some(ip), Some(browser)) => format!("{ip} {browser}"),
        (Some(ip), None) => ip.to_string(),
        (None, browser) => browser.unwrap_or_default(),
    }
}

#[test]
fn a_time_is_told_in_utc() {
    let at = time::macros::datetime!(2025-03-01 00:30:05.123456 +02:00);
    assert_eq!(to_second(at), "2025-02-28T22:30:05Z");
    assert_eq!(exact(at), "2025-02-28T22:30:05.123456Z");
}
