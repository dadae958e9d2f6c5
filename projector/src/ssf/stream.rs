//! A stream, as its receiver and the transmitter have agreed on it, and each change of it. All of it is pure:
//! the time and the ids of what is told are arguments.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::caep;
use super::place::Place;
use super::refusal::Refusal;
use super::sealing::PushTo;
use super::wish::{DeliveryWish, Wish};

/// The methods of delivery.
pub(super) const PUSH: &str = "urn:ietf:rfc:8935";
pub(super) const POLL: &str = "urn:ietf:rfc:8936";

/// How many seconds must lie between two verifications of a stream.
pub(super) const VERIFICATION_SECONDS: u32 = 10;

/// The most notices of a stream that its receiver has not acknowledged. Of more the oldest are forgotten, as
/// the newest says how the stream is.
const NOTICES_MAX: usize = 16;

/// The most characters of a description that are kept, and of a reason; the most bytes of a state.
const DESCRIPTION_CHARS_MAX: usize = 500;
const REASON_CHARS_MAX: usize = 500;
const STATE_BYTES_MAX: usize = 1_000;

/// What is kept of a stream.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Stream {
    pub(super) audiences: Vec<String>,
    /// What the receiver asked for; none for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    requested: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    pub(super) delivery: Delivery,
    pub(super) status: Status,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// When a verification was last asked for, in seconds of Unix.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    verified_at: Option<i64>,
    /// What is to be told of the stream itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) notices: Vec<Notice>,
    /// What the receiver has acknowledged behind the cursor.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(super) acknowledged: BTreeSet<String>,
    /// What the receiver has refused behind the cursor, and why.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) refused: BTreeMap<String, String>,
}

/// How tokens come to the receiver.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Delivery {
    Poll,
    /// Sealed: see `sealing.rs`.
    Push(String),
}

/// Whether a stream runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Status {
    Enabled,
    /// Nothing is told, and everything is kept.
    Paused,
    /// Nothing is told, and nothing is kept.
    Disabled,
}

/// Something to be told of the stream itself.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Notice {
    pub(super) jti: String,
    pub(super) told: Told,
}

/// What is told of a stream itself (SSF 1.0, sections 8.1.4 and 8.1.5).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Told {
    Verification(Option<String>),
    Updated(Status, Option<String>),
}

impl Status {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Enabled => "enabled",
            Self::Paused => "paused",
            Self::Disabled => "disabled",
        }
    }

    pub(super) fn of(word: &str) -> Option<Self> {
        [Self::Enabled, Self::Paused, Self::Disabled].into_iter().find(|one| one.as_str() == word)
    }
}

impl Stream {
    /// A stream as a receiver wishes it. It runs at once.
    pub(super) fn new(audiences: Vec<String>, wish: Wish, delivery: Delivery) -> Self {
        Self {
            audiences,
            requested: wish.requested.flatten(),
            description: wish.description.flatten().map(|text| short(&text, DESCRIPTION_CHARS_MAX)),
            delivery,
            status: Status::Enabled,
            reason: None,
            verified_at: None,
            notices: Vec::new(),
            acknowledged: BTreeSet::new(),
            refused: BTreeMap::new(),
        }
    }

    /// Changes what a wish names. Another delivery has been sealed already.
    pub(super) fn change(&mut self, wish: Wish, delivery: Option<Delivery>) {
        if let Some(requested) = wish.requested {
            self.requested = requested;
        }
        if let Some(description) = wish.description {
            self.description = description.map(|text| short(&text, DESCRIPTION_CHARS_MAX));
        }
        if let Some(delivery) = delivery {
            self.delivery = delivery;
        }
    }

    /// Sets the status, and has that told, if it is another one.
    pub(super) fn set_status(&mut self, status: Status, reason: Option<String>, jti: String) {
        let reason = reason.map(|text| short(&text, REASON_CHARS_MAX));
        if status != self.status {
            self.add(Notice { jti, told: Told::Updated(status, reason.clone()) });
        }
        if status == Status::Disabled {
            // Nothing is held of a stream that is disabled.
            self.notices.retain(|notice| matches!(notice.told, Told::Updated(..)));
            self.acknowledged.clear();
            self.refused.clear();
        }
        (self.status, self.reason) = (status, reason);
    }

    /// Has a verification told, unless one was asked for a moment ago. `now` is in seconds of Unix.
    pub(super) fn verify(&mut self, state: Option<String>, jti: String, now: i64) -> Result<(), Refusal> {
        if state.as_ref().is_some_and(|state| state.len() > STATE_BYTES_MAX) {
            return Err(Refusal::invalid(format!("`state` has at most {STATE_BYTES_MAX} bytes")));
        }
        if self.status == Status::Disabled {
            return Err(Refusal::invalid("the stream is disabled, and nothing is sent: enable it first"));
        }
        let again = self.verified_at.map(|at| at.saturating_add(VERIFICATION_SECONDS.into()));
        // A clock that was set back must not lock the receiver out.
        if let Some(again) = again
            && (again - i64::from(VERIFICATION_SECONDS)..again).contains(&now)
        {
            return Err(Refusal::TooOften(VERIFICATION_SECONDS, (again - now).unsigned_abs()));
        }
        self.verified_at = Some(now);
        self.add(Notice { jti, told: Told::Verification(state) });
        Ok(())
    }

    fn add(&mut self, notice: Notice) {
        if self.notices.len() >= NOTICES_MAX {
            self.notices.remove(0);
        }
        self.notices.push(notice);
    }

    /// What may be told of the stream itself now: while it does not run, how it is alone.
    pub(super) fn due_notices(&self) -> impl Iterator<Item = &Notice> {
        let runs = self.status == Status::Enabled;
        self.notices.iter().filter(move |notice| runs || matches!(notice.told, Told::Updated(..)))
    }

    /// The types of events that are delivered.
    pub(super) fn delivered(&self) -> Vec<String> {
        let supported = caep::supported();
        match &self.requested {
            None => supported,
            Some(requested) => supported.into_iter().filter(|kind| requested.contains(kind)).collect(),
        }
    }

    /// The kinds of the log's events for the subscription's filter, where an empty list stands for all. A
    /// stream that is delivered nothing is passed over (see [`is_passed_over`](Self::is_passed_over)).
    pub(super) fn kinds(&self) -> Vec<String> {
        let delivered = self.delivered();
        caep::kinds(|kind| delivered.is_empty() || delivered.iter().any(|one| one == kind))
    }

    /// Whether the log goes by without anything being told or kept.
    pub(super) fn is_passed_over(&self) -> bool {
        self.status == Status::Disabled || self.delivered().is_empty()
    }

    /// The stream's configuration as the receiver reads it. `to` is the opened delivery of a push stream.
    pub(super) fn configuration(&self, place: &Place, id: &str, to: Option<&PushTo>) -> Value {
        let mut told = json!({
            "stream_id": id,
            "iss": place.issuer(),
            "aud": audience(&self.audiences),
            "events_supported": caep::supported(),
            "events_delivered": self.delivered(),
            "delivery": self.delivery_told(place, id, to),
            "min_verification_interval": VERIFICATION_SECONDS,
        });
        if let Some(requested) = &self.requested {
            told["events_requested"] = json!(requested);
        }
        if let Some(description) = &self.description {
            told["description"] = json!(description);
        }
        told
    }

    fn delivery_told(&self, place: &Place, id: &str, to: Option<&PushTo>) -> Value {
        match (&self.delivery, to) {
            (Delivery::Poll, _) => json!({ "method": POLL, "endpoint_url": place.poll_url(id) }),
            (Delivery::Push(_), None) => json!({ "method": PUSH }),
            (Delivery::Push(_), Some(to)) => {
                let mut told = json!(to);
                told["method"] = json!(PUSH);
                told
            }
        }
    }

    pub(super) fn status_told(&self, id: &str) -> Value {
        let mut told = json!({ "stream_id": id, "status": self.status.as_str() });
        if let Some(reason) = &self.reason {
            told["reason"] = json!(reason);
        }
        told
    }
}

/// One audience is a text, several are a list (RFC 7519).
pub(super) fn audience(audiences: &[String]) -> Value {
    match audiences {
        [one] => json!(one),
        several => json!(several),
    }
}

/// Makes sure that what the transmitter says of a stream comes back unchanged, where it comes back at all.
pub(super) fn check_unchanged(present: &Value, asked: &Map<String, Value>) -> Result<(), Refusal> {
    for name in ["iss", "aud", "events_supported", "events_delivered", "min_verification_interval"] {
        if let Some(said) = asked.get(name)
            && !is_same(said, &present[name])
        {
            let told =
                format!("`{name}` is the transmitter's to say: leave it out, or say it as it was read");
            return Err(Refusal::invalid(told));
        }
    }
    Ok(())
}

/// Lists are sets here, and a list of one audience is that audience.
fn is_same(one: &Value, other: &Value) -> bool {
    let set = |value: &Value| match value {
        Value::Array(items) => items.iter().map(Value::to_string).collect::<BTreeSet<_>>(),
        single => BTreeSet::from([single.to_string()]),
    };
    set(one) == set(other)
}

/// Makes sure that the endpoint of a polled stream, which the transmitter says, comes back unchanged.
pub(super) fn check_poll_url(wish: &Wish, place: &Place, id: &str) -> Result<(), Refusal> {
    match &wish.delivery {
        Some(DeliveryWish::Poll(Some(url))) if *url != place.poll_url(id) => Err(Refusal::invalid(
            "`delivery.endpoint_url` of a polled stream is the transmitter's to say: leave it out",
        )),
        _ => Ok(()),
    }
}

fn short(text: &str, chars: usize) -> String {
    text.chars().take(chars).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use super::*;

    fn stream(asked: &Value) -> Stream {
        let wish = Wish::of(asked.as_object().unwrap(), false).unwrap();
        Stream::new(vec!["https://forum.example".to_owned()], wish, Delivery::Poll)
    }

    fn due(stream: &Stream) -> Vec<&str> {
        stream.due_notices().map(|notice| notice.jti.as_str()).collect()
    }

    #[test]
    fn a_filter_never_becomes_that_of_all_events() {
        let uri = "https://schemas.openid.net/secevent/caep/event-type/session-revoked";
        assert_eq!(stream(&json!({})).kinds().len(), 4);
        let one = stream(&json!({ "events_requested": [uri, "urn:other"] }));
        assert_eq!(
            (one.kinds(), one.delivered(), one.is_passed_over()),
            (vec!["ended".into()], vec![uri.into()], false)
        );
        let none = stream(&json!({ "events_requested": ["urn:other"] }));
        assert_eq!((none.kinds().len(), none.is_passed_over()), (4, true));
    }

    #[test]
    fn a_status_is_told_when_it_changes_and_passes_a_stream_that_does_not_run() {
        let mut stream = stream(&json!({}));
        stream.set_status(Status::Enabled, None, "0".into());
        assert!(due(&stream).is_empty(), "it is no other one");
        stream.verify(None, "1".into(), 100).unwrap();
        assert_eq!(due(&stream), ["1"]);
        stream.set_status(Status::Paused, Some("x".repeat(900)), "2".into());
        assert_eq!(due(&stream), ["2"], "a verification waits");
        assert_eq!(stream.status_told("s")["reason"].as_str().map(str::len), Some(REASON_CHARS_MAX));
        stream.set_status(Status::Enabled, None, "3".into());
        assert_eq!(due(&stream), ["1", "2", "3"]);
        stream.acknowledged.insert("a".into());
        stream.set_status(Status::Disabled, None, "4".into());
        assert_eq!(due(&stream), ["2", "3", "4"], "nothing is held");
        assert!(stream.acknowledged.is_empty());
        assert_eq!(stream.status_told("s"), json!({ "stream_id": "s", "status": "disabled" }));
    }

    #[test]
    fn a_verification_is_asked_for_once_in_a_while() {
        let mut stream = stream(&json!({}));
        for (now, left) in
            [(100, None), (100, Some(10)), (109, Some(1)), (110, None), (50, None), (51, Some(9))]
        {
            match (stream.verify(None, now.to_string(), now), left) {
                (Ok(()), None) => {}
                (Err(Refusal::TooOften(VERIFICATION_SECONDS, seconds)), Some(left)) => {
                    assert_eq!(seconds, left)
                }
                (told, _) => panic!("{now}: {told:?}"),
            }
        }
        stream.set_status(Status::Disabled, None, "x".into());
        assert!(matches!(stream.verify(None, "y".into(), 500), Err(Refusal::Invalid(_))));
    }

    #[test]
    fn notices_that_nobody_takes_are_bounded_and_the_newest_stay() {
        let mut stream = stream(&json!({}));
        for at in 0..100 {
            let status = if at % 2 == 0 { Status::Paused } else { Status::Enabled };
            stream.set_status(status, None, at.to_string());
        }
        assert_eq!(stream.notices.len(), NOTICES_MAX);
        assert_eq!(due(&stream).last(), Some(&"99"));
    }

    #[test]
    fn what_the_transmitter_says_comes_back_as_it_was_or_not_at_all() {
        let place = Place::of("https://shop.example");
        let present = stream(&json!({})).configuration(&place, "s", None);
        let check = |asked: Value| check_unchanged(&present, asked.as_object().unwrap()).is_ok();
        assert!(check(present.clone()) && check(json!({})));
        assert!(check(json!({ "aud": ["https://forum.example"] })), "a list of one is that one");
        let mut turned = caep::supported();
        turned.reverse();
        assert!(check(json!({ "events_supported": turned })));
        assert!(!check(json!({ "iss": "https://evil.example" })));
        assert!(!check(json!({ "events_delivered": [] })));
        assert!(!check(json!({ "min_verification_interval": 0 })));
        let url = |url: &str| json!({ "delivery": { "method": POLL, "endpoint_url": url } });
        let polled = |asked: Value| {
            check_poll_url(&Wish::of(asked.as_object().unwrap(), false).unwrap(), &place, "s").is_ok()
        };
        assert!(polled(url("https://shop.example/ssf/poll/s")) && !polled(url("https://evil.example/")));
    }

    #[test]
    fn a_document_is_read_as_it_was_written() {
        let mut written = stream(&json!({ "description": "d" }));
        written.set_status(Status::Paused, Some("why".into()), "1".into());
        written.verify(Some("state".into()), "2".into(), 5).unwrap();
        written.refused.insert("a".into(), "b".into());
        let read: Stream = serde_json::from_value(serde_json::to_value(&written).unwrap()).unwrap();
        assert!(read == written);
    }
}
