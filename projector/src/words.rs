//! Numbers, times and clients in words. Events are told by the library.

use std::net::IpAddr;

use session_ledger::session::{ClientProof, Entry, browser_name};
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

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

/// A span of time in its two largest units: `45 s`, `3 min`, `2 h 5 min`, `14 d 3 h`.
pub(crate) fn span(span: Duration) -> String {
    let seconds = span.whole_seconds().max(0);
    let units = [(86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")];
    let largest = units.iter().position(|(unit, _)| seconds >= *unit).unwrap_or(units.len() - 1);
    let mut rest = seconds;
    let mut parts = Vec::new();
    // Seconds do not matter beside hours, nor minutes beside days.
    for (unit, name) in units.iter().skip(largest).take(2) {
        parts.push((rest / unit, name));
        rest %= unit;
    }
    let told = parts.iter().enumerate().filter(|(nth, (number, _))| *nth == 0 || *number > 0);
    told.map(|(_, (number, name))| format!("{number} {name}")).collect::<Vec<_>>().join(" ")
}

/// The words in place of a client that was taken out of the log, see `projector retain --clients`.
pub(crate) const TAKEN_OUT: &str = "(taken out)";

/// Whether the event has lost its client.
pub(crate) fn is_client_taken_out(entry: &Entry) -> bool {
    matches!(entry.client_proof, Some(ClientProof::Digest(_)))
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
fn a_span_is_told_in_its_two_largest_units() {
    let told = [0, 59, 60, 61, 3_600, 7_500, 86_400 * 14 + 10_800 + 5, -5];
    let told = told.map(|seconds| span(Duration::seconds(seconds)));
    assert_eq!(told, ["0 s", "59 s", "1 min", "1 min 1 s", "1 h", "2 h 5 min", "14 d 3 h", "0 s"]);
}

#[test]
fn a_time_is_told_in_utc() {
    let at = time::macros::datetime!(2025-03-01 00:30:05.123456 +02:00);
    assert_eq!(to_second(at), "2025-02-28T22:30:05Z");
    assert_eq!(exact(at), "2025-02-28T22:30:05.123456Z");
}
