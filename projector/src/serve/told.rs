//! Texts of the ledger as pages show them: on one line, and without characters that turn the direction of
//! reading.

use session_ledger::session::{Audience, EndReason, Entry, browser_name};

use crate::console::harmless_line;
use crate::words;

/// An event in a few plain words, or why it cannot be read.
pub(super) fn event(entry: &Entry) -> String {
    harmless_line(&entry.in_words(Audience::Operator))
}

/// The short name of a browser.
pub(super) fn browser(user_agent: &str) -> String {
    harmless_line(&browser_name(user_agent))
}

/// Any text.
pub(super) fn text(text: &str) -> String {
    harmless_line(text)
}

/// Why a session ended: its name in the log, as words.
pub(super) fn reason(reason: &EndReason) -> String {
    text(reason.as_str()).replace('_', " ")
}

/// A number of bytes.
pub(super) fn bytes(number: usize) -> String {
    words::count(number as u64, "byte")
}

/// A number of seconds in the largest unit that makes it whole.
pub(super) fn span(seconds: u32) -> String {
    let units = [(86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")];
    let whole = units.into_iter().find(|(unit, _)| seconds.is_multiple_of(*unit));
    let (unit, noun) = whole.filter(|_| seconds > 0).unwrap_or((1, "second"));
    words::count((seconds / unit).into(), noun)
}

#[test]
fn a_span_is_told_in_its_largest_whole_unit() {
    let told = [0, 1, 90, 7_200, 1_209_600].map(span);
    assert_eq!(told, ["0 seconds", "1 second", "90 seconds", "2 hours", "14 days"]);
}

/// A number with its noun.
pub(super) fn count(number: u64, noun: &str) -> String {
    words::count(number, noun)
}
