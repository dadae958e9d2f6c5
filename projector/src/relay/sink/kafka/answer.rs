//! What the answers to records mean.

use std::time::Duration;

use rdkafka::error::RDKafkaErrorCode;

use super::line::fault;
use super::settings::BYTES_MAX;
use crate::envelope::Envelope;
use crate::relay::sink::Delivery;

/// What is known of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Acknowledged,
    /// It will never be taken, and why.
    Refused(String),
    /// It is larger than this sink sends.
    Oversized,
    /// A server or the client has said no.
    Failed(RDKafkaErrorCode),
    /// Nobody has answered in time; with the last trouble that was heard of.
    Late(Option<String>),
}

/// Why a producer is of no more use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Doubt {
    /// It has failed for good, with librdkafka's words.
    Fatal(RDKafkaErrorCode, String),
    /// It has not said in time what became of each event.
    Silent,
}

/// Where events go, for messages.
pub(super) struct Place {
    pub(super) name: String,
    pub(super) topic: String,
    pub(super) user: Option<String>,
    pub(super) wait: Duration,
}

impl Answer {
    /// The answer to an event that the client has not taken.
    pub(super) fn of_handing_over(code: RDKafkaErrorCode) -> Self {
        if code == RDKafkaErrorCode::MessageSizeTooLarge { Self::Oversized } else { Self::Failed(code) }
    }
}

/// What became of each event. A producer that has failed for good says so for all that it has not delivered.
pub(super) fn judged(
    place: &Place,
    events: &[Envelope],
    answers: Vec<Answer>,
    doubt: Option<&Doubt>,
) -> Vec<Delivery> {
    let judge = |(event, answer): (&Envelope, Answer)| {
        let bytes = || event.data().map_or(0, |data| data.len());
        let failed = |reason: String| Delivery::Failed(format!("{}: {reason}", place.name));
        let away = |reason: String| Delivery::Away(format!("{}: {reason}", place.name));
        match answer {
            Answer::Acknowledged => Delivery::Acknowledged,
            Answer::Refused(reason) => Delivery::Refused(reason),
            Answer::Oversized => Delivery::Refused(format!(
                "too large for {}: it has {} bytes, and the relay sends {BYTES_MAX} at most",
                place.name,
                bytes()
            )),
            Answer::Failed(RDKafkaErrorCode::MessageSizeTooLarge) => Delivery::Refused(format!(
                "too large for {}: it has {} bytes, and the topic `{}` takes less (`max.message.bytes`)",
                place.name,
                bytes(),
                place.topic
            )),
            Answer::Failed(_) | Answer::Late(_) if matches!(doubt, Some(Doubt::Fatal(..))) => {
                away(ended(place, doubt))
            }
            Answer::Failed(code) => {
                let reason = fault(&place.topic, place.user.as_deref(), code);
                if is_of_record(code) { failed(reason) } else { away(reason) }
            }
            Answer::Late(reason) => away(late(place, reason)),
        }
    };
    events.iter().zip(answers).map(judge).collect()
}

/// Whether a code judges the record, and not the cluster, the topic or the user.
fn is_of_record(code: RDKafkaErrorCode) -> bool {
    use RDKafkaErrorCode::{InvalidMessage, InvalidRecord, InvalidTimestamp, PolicyViolation};
    matches!(code, InvalidMessage | InvalidRecord | InvalidTimestamp | PolicyViolation)
}

fn late(place: &Place, reason: Option<String>) -> String {
    let wait = place.wait;
    match reason {
        Some(reason) => format!("it has not acknowledged within {wait:?} ({reason})"),
        None => format!(
            "it has not acknowledged within {wait:?}: it is slow, or fewer replicas are in sync than the topic's \
             `min.insync.replicas` asks for"
        ),
    }
}

/// Why a producer has ended. What it had sent may be in the topic, or not.
fn ended(place: &Place, doubt: Option<&Doubt>) -> String {
    use RDKafkaErrorCode::{
        ClusterAuthorizationFailed, InvalidProducerEpoch, OutOfOrderSequenceNumber, ProducerFenced,
        UnknownProducerId,
    };
    let Some(Doubt::Fatal(code, words)) = doubt else { return String::new() };
    let again = "a new producer delivers again what was not acknowledged";
    match code {
        ClusterAuthorizationFailed => fault(&place.topic, place.user.as_deref(), *code),
        ProducerFenced | InvalidProducerEpoch => {
            format!("another producer has taken over this one's id; {again} ({words})")
        }
        OutOfOrderSequenceNumber | UnknownProducerId => format!(
            "the cluster and the producer disagree about what has arrived, as when acknowledged records were lost; \
             {again} ({words})"
        ),
        _ => format!("the producer has failed; {again} ({words})"),
    }
}

#[cfg(test)]
mod tests {
    use session_ledger::session::{Entry, Event, EventId, Noted, Recorded, SessionId};
    use time::OffsetDateTime;

    use super::*;
    use crate::envelope::Telling;

    /// What becomes of one event with this answer.
    fn delivery(answer: Answer, doubt: Option<&Doubt>) -> Delivery {
        let at = OffsetDateTime::UNIX_EPOCH;
        let encoded = Event::Noted(Noted::of_text("test", "some")).encode();
        let entry = Entry::new(1, EventId::from_random([1; 16]), encoded, at);
        let event = Envelope::new(
            &Recorded::new(SessionId::from_bytes([1; 16]), entry, at),
            None,
            &Telling::default(),
        );
        let place = Place {
            name: "Kafka at host:9092".to_owned(),
            topic: "sessions".to_owned(),
            user: Some("relay".to_owned()),
            wait: Duration::from_secs(5),
        };
        judged(&place, &[event], vec![answer], doubt).remove(0)
    }

    fn away(words: &str) -> Delivery {
        Delivery::Away(format!("Kafka at host:9092: {words}"))
    }

    #[test]
    fn each_answer_says_what_to_do() {
        use RDKafkaErrorCode::{
            NotEnoughReplicas, PolicyViolation, TopicAuthorizationFailed, UnknownTopicOrPartition,
        };
        let code = |code| delivery(Answer::Failed(code), None);
        assert_eq!(delivery(Answer::Acknowledged, None), Delivery::Acknowledged);
        let no_json = "it is no JSON".to_owned();
        assert_eq!(delivery(Answer::Refused(no_json.clone()), None), Delivery::Refused(no_json));
        let make = "there is no topic `sessions`: make it, with as many partitions and copies as you want, by \
                    `kafka-topics.sh --create`";
        assert_eq!(code(UnknownTopicOrPartition), away(make));
        let allow = "the user `relay` may not write to the topic `sessions`: allow `Write` and `Describe`, by \
                     `kafka-acls.sh --add --producer --topic sessions`";
        assert_eq!(code(TopicAuthorizationFailed), away(allow));
        let fewer =
            "fewer replicas of the topic `sessions` are in sync than its `min.insync.replicas` asks for";
        assert_eq!(code(NotEnoughReplicas), away(fewer));
        let of_record = "Kafka at host:9092: PolicyViolation (Broker: Policy violation)".to_owned();
        assert_eq!(code(PolicyViolation), Delivery::Failed(of_record));
        let slow = "it has not acknowledged within 5s: it is slow, or fewer replicas are in sync than the topic's \
                    `min.insync.replicas` asks for";
        assert_eq!(delivery(Answer::Late(None), None), away(slow));
        let refused_there = Answer::Late(Some("Connection refused".to_owned()));
        assert_eq!(
            delivery(refused_there, Some(&Doubt::Silent)),
            away("it has not acknowledged within 5s (Connection refused)")
        );
    }

    #[test]
    fn a_producer_that_has_failed_says_so_for_what_it_has_not_delivered_alone() {
        use RDKafkaErrorCode::{
            ClusterAuthorizationFailed, Fatal, MessageSizeTooLarge, ProducerFenced, PurgeQueue,
        };
        let fatal = |code| Doubt::Fatal(code, "words".to_owned());
        for (code, words) in [
            (ProducerFenced, "another producer has taken over this one's id"),
            (Fatal, "the producer has failed"),
        ] {
            let words = format!("{words}; a new producer delivers again what was not acknowledged (words)");
            for answer in [Answer::Failed(PurgeQueue), Answer::Late(None)] {
                assert_eq!(delivery(answer, Some(&fatal(code))), away(&words));
            }
        }
        let allow = "the user `relay` may not publish idempotently: allow `IdempotentWrite` on the cluster, by \
                     `kafka-acls.sh --add --idempotent --cluster`";
        assert_eq!(delivery(Answer::Failed(Fatal), Some(&fatal(ClusterAuthorizationFailed))), away(allow));
        let doubt = fatal(ProducerFenced);
        assert_eq!(delivery(Answer::Acknowledged, Some(&doubt)), Delivery::Acknowledged);
        let large = delivery(Answer::of_handing_over(MessageSizeTooLarge), Some(&doubt));
        assert!(matches!(large, Delivery::Refused(_)), "{large:?}");
        let large = delivery(Answer::Failed(MessageSizeTooLarge), Some(&doubt));
        assert!(matches!(large, Delivery::Refused(_)), "{large:?}");
    }
}
