//! Spans of time in whole seconds, as people write and read them: `90`, `30m`, `12h`, "15 minutes".

use std::fmt;

use serde::Deserializer;
use serde::de::{Error, Unexpected, Visitor};

/// The units that a text may name, by their seconds and their word.
const UNITS: [(char, u32, &str); 4] =
    [('d', 86_400, "day"), ('h', 3_600, "hour"), ('m', 60, "minute"), ('s', 1, "second")];

/// The text that stands for no limit, for files and variables that have no other word for it.
const NONE: &str = "none";

/// Browsers keep no cookie for longer: 400 days (RFC 6265bis, section 5.5).
pub(crate) const BROWSER_KEEPS_MAX: u32 = 400 * 86_400;

/// Reads a number of seconds, or a text such as `30m`.
pub(crate) fn required<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    let found = deserializer.deserialize_any(Span { may_be_none: false })?;
    found.ok_or_else(|| D::Error::invalid_type(Unexpected::Option, &Span { may_be_none: false }))
}

/// Reads the same, or `null` or the text `none`.
pub(crate) fn optional<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    deserializer.deserialize_any(Span { may_be_none: true })
}

/// A span in words, in the largest unit that states it exactly: "24 hours", "30 days".
pub(super) fn words(seconds: u32) -> String {
    // A single day is told in hours, as the standards do.
    let fits =
        |unit: u32| seconds >= unit && seconds.is_multiple_of(unit) && !(unit == 86_400 && seconds == unit);
    let (_, unit, word) = UNITS.into_iter().find(|(_, unit, _)| fits(*unit)).unwrap_or(UNITS[3]);
    let count = seconds / unit;
    format!("{count} {word}{}", if count == 1 { "" } else { "s" })
}

/// Reads digits and at most one unit behind them. Without a unit the digits are seconds.
fn parse(text: &str) -> Option<u32> {
    let unit = UNITS.into_iter().find(|(letter, ..)| text.ends_with(*letter));
    let (digits, seconds) = unit.map_or((text, 1), |(_, seconds, _)| (&text[..text.len() - 1], seconds));
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    digits.parse::<u32>().ok()?.checked_mul(seconds)
}

struct Span {
    may_be_none: bool,
}

impl Visitor<'_> for Span {
    type Value = Option<u32>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "whole seconds up to 4294967295, or a text such as \"90s\", \"30m\", \"12h\" or \"14d\"",
        )?;
        f.write_str(if self.may_be_none { ", or \"none\" for no limit" } else { "" })
    }

    fn visit_u64<E: Error>(self, seconds: u64) -> Result<Self::Value, E> {
        let read = u32::try_from(seconds).map(Some);
        read.map_err(|_| E::invalid_value(Unexpected::Unsigned(seconds), &self))
    }

    fn visit_i64<E: Error>(self, seconds: i64) -> Result<Self::Value, E> {
        let read = u32::try_from(seconds).map(Some);
        read.map_err(|_| E::invalid_value(Unexpected::Signed(seconds), &self))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        if self.may_be_none && text == NONE {
            return Ok(None);
        }
        parse(text).map(Some).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        if self.may_be_none { Ok(None) } else { Err(E::invalid_type(Unexpected::Unit, &self)) }
    }
}

#[test]
fn a_span_is_read_as_people_write_it() {
    let rows = [
        ("0", Some(0)),
        ("90", Some(90)),
        ("90s", Some(90)),
        ("30m", Some(1_800)),
        ("12h", Some(43_200)),
        ("14d", Some(1_209_600)),
        ("4294967295", Some(u32::MAX)),
        ("4294967296", None),
        ("49711d", None),
        ("", None),
        ("m", None),
        ("+5m", None),
        ("-5m", None),
        ("1.5h", None),
        ("1h30m", None),
        ("30 m", None),
        ("30M", None),
        ("30min", None),
        ("none", None),
        ("5ä", None),
    ];
    for (text, seconds) in rows {
        assert_eq!(parse(text), seconds, "{text:?}");
    }
}

#[test]
fn a_span_is_told_in_the_unit_that_states_it_exactly() {
    let rows = [
        (0, "0 seconds"),
        (1, "1 second"),
        (61, "61 seconds"),
        (60, "1 minute"),
        (900, "15 minutes"),
        (3_600, "1 hour"),
        (86_400, "24 hours"),
        (90_000, "25 hours"),
        (2_592_000, "30 days"),
    ];
    for (seconds, told) in rows {
        assert_eq!(words(seconds), told);
    }
}
