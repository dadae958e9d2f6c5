//! What librdkafka tells of the servers, beside its answers to records.

use std::sync::{Mutex, MutexGuard, PoisonError};

use rdkafka::error::{KafkaError, RDKafkaErrorCode};

/// OpenSSL has one error for both.
const UNTRUSTED: &str = "its certificate is for another name, or not trusted here: name the file of your authority's \
                         certificate in SSL_CERT_FILE, or install the package `ca-certificates`";

/// What is wrong at present, as far as it is known.
#[derive(Debug, Default)]
pub(super) struct Troubles(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    /// Since no server could be reached.
    all_down: bool,
    last: Option<Trouble>,
}

/// One trouble, in words for the operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Trouble {
    /// Whether a server has refused the user.
    pub(super) is_refusal: bool,
    pub(super) reason: String,
}

impl Troubles {
    /// Hears what librdkafka tells; `server` is the only one that was named, if it was only one.
    pub(super) fn hear(&self, error: &KafkaError, text: &str, server: Option<&str>) {
        let mut known = self.known();
        match error.rdkafka_error_code() {
            Some(RDKafkaErrorCode::AllBrokersDown) => known.all_down = true,
            code => {
                let is_refusal = code == Some(RDKafkaErrorCode::Authentication);
                known.last = Some(Trouble { is_refusal, reason: reason(text, server) });
            }
        }
    }

    /// All is well: a server has answered.
    pub(super) fn clear(&self) {
        *self.known() = Known::default();
    }

    pub(super) fn are_all_down(&self) -> bool {
        self.known().all_down
    }

    pub(super) fn last(&self) -> Option<Trouble> {
        self.known().last.clone()
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// librdkafka's words without what is of no use to an operator.
fn reason(text: &str, server: Option<&str>) -> String {
    let (text, _) = text.rsplit_once(" (after ").unwrap_or((text, ""));
    let Some((place, words)) = text.split_once(": ") else { return text.to_owned() };
    let words = match words.split_once(" failed: ") {
        Some((deed, words)) if deed.starts_with("Connect to ") => words,
        _ => words.strip_prefix("SASL authentication error: ").unwrap_or(words),
    };
    let words = if words.contains("certificate verify failed") { UNTRUSTED } else { words };
    let place = place.rsplit_once("://").map_or(place, |(_, place)| place);
    let place = place.rsplit_once('/').map_or(place, |(place, _)| place);
    if server == Some(place) { words.to_owned() } else { format!("{place}: {words}") }
}

#[test]
fn reasons_are_short_and_name_the_server_where_there_are_several() {
    let refused = "127.0.0.1:1/bootstrap: Connect to ipv4#127.0.0.1:1 failed: Connection refused (after 0ms in \
                   state CONNECT)";
    assert_eq!(reason(refused, Some("127.0.0.1:1")), "Connection refused");
    assert_eq!(reason(refused, None), "127.0.0.1:1: Connection refused");
    let repeated = format!("{}, 3 identical error(s) suppressed)", &refused[..refused.len() - 1]);
    assert_eq!(reason(&repeated, Some("127.0.0.1:1")), "Connection refused");
    let encrypted = "sasl_ssl://b:9093/2: SASL authentication error: no (after 3ms in state AUTH_REQ)";
    assert_eq!(reason(encrypted, Some("a:9092")), "b:9093: no");
    assert_eq!(reason("something else", None), "something else");
}

#[test]
fn the_last_trouble_is_known_until_a_server_answers() {
    let troubles = Troubles::default();
    assert_eq!((troubles.are_all_down(), troubles.last()), (false, None));
    troubles.hear(
        &KafkaError::Global(RDKafkaErrorCode::Authentication),
        "a:1/1: SASL authentication error: no",
        None,
    );
    troubles.hear(&KafkaError::Global(RDKafkaErrorCode::AllBrokersDown), "1/1 brokers are down", None);
    let refusal = Trouble { is_refusal: true, reason: "a:1: no".to_owned() };
    assert_eq!((troubles.are_all_down(), troubles.last()), (true, Some(refusal)));
    troubles.clear();
    assert_eq!((troubles.are_all_down(), troubles.last()), (false, None));
}
