//! What a receiver's answer means.

use std::time::{Duration, SystemTime};

use http::{HeaderMap, StatusCode, header};
use time::OffsetDateTime;

/// The longest pause that a receiver may ask for.
const PAUSE_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// The head of an answer.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    status: StatusCode,
    retry_after: Option<String>,
    /// The size of the event that was posted.
    bytes: usize,
}

/// What follows of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// The receiver has the event.
    Taken,
    /// It never wants events again.
    Gone,
    /// It will never take this event.
    TooLarge,
    /// It did not take the event.
    Failure,
    /// It did not take the event, and is to be left alone: for this time, if it says for how long.
    Trouble(Option<Duration>),
    /// It takes nothing for now, whatever the event, and is to be left alone in the same way.
    Strain(Option<Duration>),
}

impl Answer {
    pub(super) fn new(status: StatusCode, headers: &HeaderMap, bytes: usize) -> Self {
        let retry_after = headers.get(header::RETRY_AFTER).and_then(|value| value.to_str().ok());
        Self { status, retry_after: retry_after.map(str::to_owned), bytes }
    }

    pub(super) fn meaning(&self, now: OffsetDateTime) -> Meaning {
        match self.status.as_u16() {
            200..=299 => Meaning::Taken,
            410 => Meaning::Gone,
            413 => Meaning::TooLarge,
            429 | 503 => Meaning::Strain(self.pause(now)),
            // An event that its program does not bear looks like that, too.
            502 | 504 => Meaning::Trouble(self.pause(now)),
            300..=399 | 500..=599 => Meaning::Trouble(None),
            _ => Meaning::Failure,
        }
    }

    /// The answer in words for the operator, behind "it": without anything that the receiver says.
    pub(super) fn told(&self) -> String {
        let status = self.status;
        match status.as_u16() {
            300..=399 => {
                format!("answered {status}: no redirect is followed, so name the address that it leads to")
            }
            410 => format!("answered {status}: it wants no more events"),
            413 => format!("answered {status}: the event has {} bytes", self.bytes),
            _ => format!("answered {status}"),
        }
    }

    /// `Retry-After` in either form: seconds, or a date (RFC 9110, section 10.2.3).
    fn pause(&self, now: OffsetDateTime) -> Option<Duration> {
        let text = self.retry_after.as_deref()?.trim();
        let pause = match text.parse().map(Duration::from_secs) {
            Ok(seconds) => seconds,
            Err(_) => {
                let until = httpdate::parse_http_date(text).ok()?;
                // A date that has passed asks for no pause.
                until.duration_since(SystemTime::from(now)).unwrap_or_default()
            }
        };
        Some(pause.min(PAUSE_MAX))
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const NOW: OffsetDateTime = datetime!(2026-03-01 12:00 UTC);

    fn answer(status: u16, retry_after: Option<&'static str>) -> Meaning {
        let headers = retry_after.map(|text| (header::RETRY_AFTER, text.parse().unwrap()));
        let headers: HeaderMap = headers.into_iter().collect();
        Answer::new(StatusCode::from_u16(status).unwrap(), &headers, 7).meaning(NOW)
    }

    #[test]
    fn each_status_means_what_the_standard_says() {
        for (statuses, meaning) in [
            (&[200, 201, 202, 204, 299][..], Meaning::Taken),
            (&[429, 503], Meaning::Strain(None)),
            (&[301, 302, 304, 307, 308, 500, 501, 502, 504, 505, 599], Meaning::Trouble(None)),
            (&[400, 401, 403, 404, 409, 422, 499], Meaning::Failure),
            (&[410], Meaning::Gone),
            (&[413], Meaning::TooLarge),
        ] {
            for status in statuses {
                assert_eq!(answer(*status, None), meaning, "{status}");
            }
        }
    }

    #[test]
    fn a_receiver_says_when_to_come_again_in_seconds_or_by_a_date() {
        for status in [429, 502, 503, 504] {
            let is_strain = [429, 503].contains(&status);
            let means = if is_strain { Meaning::Strain } else { Meaning::Trouble };
            let seconds = |seconds| means(Some(Duration::from_secs(seconds)));
            assert_eq!(answer(status, Some("120")), seconds(120));
            assert_eq!(answer(status, Some("Sun, 01 Mar 2026 12:01:30 GMT")), seconds(90));
            assert_eq!(answer(status, Some("Sun, 01 Mar 2026 11:59:00 GMT")), seconds(0));
            assert_eq!(answer(status, Some("99999999999")), seconds(24 * 60 * 60));
            for nonsense in ["soon", "-1", "", "1.5"] {
                assert_eq!(answer(status, Some(nonsense)), means(None), "{nonsense}");
            }
        }
        assert_eq!(answer(500, Some("120")), Meaning::Trouble(None));
    }
}
