//! Moments and spans of time as people type them.

use std::str::FromStr;

use time::format_description::BorrowedFormatItem;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{Date, Duration, OffsetDateTime, Time};

use crate::{Error, words};

const DATE: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day]");

/// How many characters a date has.
const DATE_CHARS: usize = 10;

/// Units of a span: their seconds and their names.
const UNITS: [(i64, &[&str]); 5] = [
    (1, &["s", "sec", "second", "seconds"]),
    (60, &["min", "minute", "minutes"]),
    (3_600, &["h", "hour", "hours"]),
    (86_400, &["d", "day", "days"]),
    (604_800, &["w", "week", "weeks"]),
];

/// The longest span: a hundred years, beyond which no log goes.
const SPAN_MAX: Duration = Duration::days(36_525);

const FORMS: &str = "write it as 2025-03-01T09:30:00+01:00, as 2025-03-01 (midnight UTC, at which the day begins), or as a \
                     span before now such as `90 min ago`, `2h`, `1 d 12 h` or `3 weeks ago`";

/// A moment as somebody says it.
///
/// One of:
/// - a time with its offset from UTC, as RFC 3339 has it: `2025-03-01T09:30:00+01:00`. Seconds may be left
///   out, and a blank may stand in place of the `T`;
/// - a date, which is its first moment in UTC: `2025-03-01`;
/// - a span before now: `2h ago`, `90 min`, `1 d 12 h ago`. A day has 24 hours;
/// - `now`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// A time that does not depend on now.
    At(OffsetDateTime),
    /// So long before now.
    Ago(Duration),
}

impl Moment {
    /// The time that is meant at `now`.
    pub fn at(self, now: OffsetDateTime) -> OffsetDateTime {
        match self {
            Self::At(at) => at,
            Self::Ago(span) => now.checked_sub(span).unwrap_or(OffsetDateTime::UNIX_EPOCH),
        }
    }
}

impl FromStr for Moment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.eq_ignore_ascii_case("now") {
            return Ok(Self::Ago(Duration::ZERO));
        }
        match text.get(..DATE_CHARS).filter(|date| looks_like_date(date)) {
            Some(date) => timestamp(date, text.get(DATE_CHARS..).unwrap_or_default()).map(Self::At),
            None => span(text).map(Self::Ago),
        }
    }
}

/// From when and until when something is asked for. None: from the beginning, to the end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// From this time on.
    pub since: Option<OffsetDateTime>,
    /// Before this time.
    pub until: Option<OffsetDateTime>,
}

impl Span {
    /// The span that is meant at `now`.
    ///
    /// # Errors
    ///
    /// It is empty: it ends before it begins, or in the same moment.
    pub fn new(since: Option<Moment>, until: Option<Moment>, now: OffsetDateTime) -> Result<Self, Error> {
        let span = Self { since: since.map(|one| one.at(now)), until: until.map(|one| one.at(now)) };
        match (span.since, span.until) {
            (Some(since), Some(until)) if since >= until => Err(Error::Arguments(format!(
                "the span is empty: --since is {}, and --until, {}, does not come after it",
                words::exact(since),
                words::exact(until)
            ))),
            _ => Ok(span),
        }
    }

    /// Whether it holds a moment.
    pub(crate) fn holds(&self, at: OffsetDateTime) -> bool {
        self.since.is_none_or(|since| since <= at) && self.until.is_none_or(|until| at < until)
    }
}

fn looks_like_date(text: &str) -> bool {
    text.chars().enumerate().all(|(nth, c)| match nth {
        4 | 7 => c == '-',
        _ => c.is_ascii_digit(),
    })
}

/// A date, and what stands behind it: nothing, or a time with an offset.
fn timestamp(date: &str, rest: &str) -> Result<OffsetDateTime, String> {
    let wrong = |_| format!("there is no such day or time; {FORMS}");
    if rest.is_empty() {
        let date = Date::parse(date, DATE).map_err(|error| wrong(error.to_string()))?;
        return Ok(date.with_time(Time::MIDNIGHT).assume_utc());
    }
    let time = rest.strip_prefix(['T', 't', ' ']).ok_or_else(|| format!("it is no time; {FORMS}"))?;
    let (time, offset) = time.find(['Z', 'z', '+', '-']).map_or((time, ""), |at| time.split_at(at));
    let (time, offset) = (time.trim(), offset.trim());
    let is_named = |text: &str| text.contains(|c: char| c.is_alphabetic() || c == '[');
    if is_named(time) || is_named(offset.trim_start_matches(['Z', 'z'])) {
        return Err(
            "time zones are not known by name, as their rules change: write the offset from UTC at that time, such as \
             2025-03-01T09:30:00+01:00, or Z for UTC"
                .to_owned(),
        );
    }
    if offset.is_empty() {
        return Err("a time needs its offset from UTC: write 2025-03-01T09:30:00Z for UTC, or \
                    2025-03-01T09:30:00+01:00"
            .to_owned());
    }
    let seconds = if time.len() == "09:30".len() { ":00" } else { "" };
    let text = format!("{date}T{time}{seconds}{offset}");
    OffsetDateTime::parse(&text, &Rfc3339).map_err(|error| wrong(error.to_string()))
}

/// One or more numbers with their units, and perhaps the word `ago`.
pub(crate) fn span(text: &str) -> Result<Duration, String> {
    let unknown = || format!("it is neither a time nor a span; {FORMS}");
    let mut rest = text.strip_suffix("ago").unwrap_or(text).trim_end();
    let mut span = Duration::ZERO;
    if rest.is_empty() {
        return Err(unknown());
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let (number, behind) = rest.split_at(digits);
        let behind = behind.trim_start();
        let letters = behind.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(behind.len());
        let (name, behind) = behind.split_at(letters);
        if ["month", "months", "y", "year", "years"].contains(&name) {
            return Err("months and years differ in length: write days or weeks, or a date".to_owned());
        }
        let unit = UNITS.iter().find(|(_, names)| names.contains(&name)).ok_or_else(unknown)?;
        let number: i64 = number.parse().map_err(|_| unknown())?;
        let more = number.checked_mul(unit.0).map(Duration::seconds);
        let sum = more.and_then(|more| span.checked_add(more)).filter(|sum| *sum <= SPAN_MAX);
        span = sum.ok_or("the span is longer than a hundred years")?;
        rest = behind.trim_start();
    }
    Ok(span)
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const NOW: OffsetDateTime = datetime!(2025-03-01 12:00 UTC);

    fn read(text: &str) -> Result<OffsetDateTime, String> {
        text.parse().map(|moment: Moment| moment.at(NOW))
    }

    #[test]
    fn a_moment_is_read_in_each_documented_form() {
        for (text, at) in [
            ("2025-02-03T04:05:06Z", datetime!(2025-02-03 04:05:06 UTC)),
            ("2025-02-03T04:05:06.789+02:00", datetime!(2025-02-03 02:05:06.789 UTC)),
            ("2025-02-03t04:05:06z", datetime!(2025-02-03 04:05:06 UTC)),
            ("2025-02-03 04:05-03:30", datetime!(2025-02-03 07:35 UTC)),
            (" 2025-02-03 04:05 +01:00 ", datetime!(2025-02-03 03:05 UTC)),
            ("2024-02-29", datetime!(2024-02-29 0:00 UTC)),
            ("now", NOW),
            ("Now", NOW),
            ("2h ago", datetime!(2025-03-01 10:00 UTC)),
            ("2h", datetime!(2025-03-01 10:00 UTC)),
            ("90 min ago", datetime!(2025-03-01 10:30 UTC)),
            ("1 d 12 h ago", datetime!(2025-02-28 0:00 UTC)),
            ("1d12h", datetime!(2025-02-28 0:00 UTC)),
            ("1 second ago", datetime!(2025-03-01 11:59:59 UTC)),
            ("3 weeks ago", datetime!(2025-02-08 12:00 UTC)),
            ("0 s", NOW),
        ] {
            assert_eq!(read(text), Ok(at), "{text}");
        }
    }

    #[test]
    fn a_moment_that_is_none_is_refused_with_what_to_write() {
        for (text, why) in [
            ("2025-02-30", "there is no such day or time"),
            ("2025-13-01T00:00Z", "there is no such day or time"),
            ("2025-02-03T25:00:00Z", "there is no such day or time"),
            ("2025-02-03T04:05:06+0200", "there is no such day or time"),
            ("2025-02-03T04:05:06", "a time needs its offset"),
            ("2025-02-03 04:05", "a time needs its offset"),
            ("2025-02-03T04:05:06 CET", "time zones are not known by name"),
            ("2025-02-03T04:05:06+01:00[Europe/Paris]", "time zones are not known by name"),
            ("2025-02-03T04:05 Europe/Paris", "time zones are not known by name"),
            ("2025-02-03x", "it is no time"),
            ("2025-2-3", "it is neither a time nor a span"),
            ("yesterday", "it is neither a time nor a span"),
            ("ago", "it is neither a time nor a span"),
            ("", "it is neither a time nor a span"),
            ("2", "it is neither a time nor a span"),
            ("h", "it is neither a time nor a span"),
            ("-2h", "it is neither a time nor a span"),
            ("2 parsecs", "it is neither a time nor a span"),
            ("2h 3", "it is neither a time nor a span"),
            ("99999999999999999999 s", "it is neither a time nor a span"),
            ("9223372036854775807 w", "the span is longer than a hundred years"),
            ("101 years", "months and years differ in length"),
            ("5218 weeks", "the span is longer than a hundred years"),
            ("٣ h", "it is neither a time nor a span"),
        ] {
            let told = read(text).unwrap_err();
            assert!(told.starts_with(why), "{text}: {told}");
        }
    }

    #[test]
    fn a_span_holds_its_beginning_and_not_its_end() {
        let at = |text: &str| text.parse().ok();
        let span = Span::new(at("2h"), at("1h"), NOW).unwrap();
        let held = [119, 120, 121, 60, 61].map(|minutes| span.holds(NOW - Duration::minutes(minutes)));
        assert_eq!(held, [true, true, false, false, true]);
        assert!(Span::default().holds(NOW));
        for (since, until) in [("1h", "2h"), ("now", "now"), ("2025-03-02", "2025-03-01")] {
            let told = Span::new(at(since), at(until), NOW).unwrap_err().to_string();
            assert!(told.starts_with("the span is empty: --since is 2025-03-0"), "{told}");
        }
    }
}
