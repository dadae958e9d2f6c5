//! A poll as RFC 8936 has it, and what it may be given: pure.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use serde_json::{Map, Value};
use session_ledger::session::SessionId;

use super::refusal::Refusal;
use super::wish::object;
use crate::console::harmless_line;

/// The most tokens of an answer; a receiver may ask for less.
pub(super) const TOKENS_MAX: usize = 100;

/// The most characters of what a receiver says of a token that it refuses.
const ERROR_CHARS_MAX: usize = 300;

/// What a receiver asks.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Poll {
    /// The most tokens that it wants; none if it acknowledges only.
    pub(super) most: usize,
    /// Whether it wants no waiting.
    pub(super) is_hasty: bool,
    pub(super) acknowledged: BTreeSet<String>,
    /// What it refuses, and why.
    pub(super) refused: BTreeMap<String, String>,
}

impl Poll {
    /// Reads the body of a request.
    pub(super) fn of(body: &[u8]) -> Result<Self, Refusal> {
        let asked = object(body)?;
        let most = match asked.get("maxEvents") {
            None | Some(Value::Null) => TOKENS_MAX,
            Some(number) => {
                let number = number
                    .as_u64()
                    .ok_or_else(|| Refusal::invalid("`maxEvents` must be a whole number from 0 on"))?;
                usize::try_from(number).unwrap_or(TOKENS_MAX).min(TOKENS_MAX)
            }
        };
        let is_hasty = match asked.get("returnImmediately") {
            None | Some(Value::Null) => false,
            Some(Value::Bool(is_hasty)) => *is_hasty,
            Some(_) => return Err(Refusal::invalid("`returnImmediately` must be true or false")),
        };
        Ok(Self { most, is_hasty, acknowledged: acknowledged(&asked)?, refused: refused(&asked)? })
    }
}

fn acknowledged(asked: &Map<String, Value>) -> Result<BTreeSet<String>, Refusal> {
    let told = || Refusal::invalid("`ack` must be a list of texts, each the `jti` of a token");
    match asked.get("ack") {
        None | Some(Value::Null) => Ok(BTreeSet::new()),
        Some(Value::Array(items)) => {
            items.iter().map(|item| item.as_str().map(str::to_owned).ok_or_else(told)).collect()
        }
        Some(_) => Err(told()),
    }
}

fn refused(asked: &Map<String, Value>) -> Result<BTreeMap<String, String>, Refusal> {
    let told = || {
        Refusal::invalid(
            "`setErrs` must be an object: of each `jti` an object with the texts `err` and `description`",
        )
    };
    let errors = match asked.get("setErrs") {
        None | Some(Value::Null) => return Ok(BTreeMap::new()),
        Some(Value::Object(errors)) => errors,
        Some(_) => return Err(told()),
    };
    let reason = |(jti, error): (&String, &Value)| {
        let said = |name: &str| error.get(name).map(|said| said.as_str().ok_or_else(told)).transpose();
        let err = said("err")?.ok_or_else(told)?;
        let description = said("description")?.unwrap_or_default();
        let whole = if description.is_empty() { err.to_owned() } else { format!("{err}: {description}") };
        let whole: String = whole.chars().take(ERROR_CHARS_MAX).collect();
        Ok((jti.clone(), format!("the receiver refused it, as {}", harmless_line(&whole))))
    };
    errors.iter().map(reason).collect()
}

/// An event that lies behind the cursor.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) jti: String,
    pub(super) session: SessionId,
    /// Whether there is a token about it.
    pub(super) is_told: bool,
    /// Why it can never be told, if so.
    pub(super) unreadable: Option<String>,
}

/// What becomes of the events that lie behind the cursor.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    /// Which ones are given now, by their places.
    pub(super) given: Vec<usize>,
    /// Which ones are refused, and why.
    pub(super) refused: Vec<(usize, String)>,
    /// How many stand before the first that is not settled.
    pub(super) settled: usize,
    /// Whether all are settled.
    pub(super) is_settled: bool,
    /// Whether some that are not settled are not given either.
    pub(super) has_more: bool,
}

/// Plans what is given: of each session the first event that is not settled, so that each session's come in
/// the order of their versions, however a receiver reads the object of an answer. What stands behind a
/// refused event is left alone: its session is parked.
pub(super) fn plan(
    items: &[Item],
    acknowledged: &BTreeSet<String>,
    refused: &BTreeMap<String, String>,
    most: usize,
) -> Plan {
    let (mut plan, mut waiting, mut parked) = (Plan::default(), HashSet::new(), HashSet::new());
    let mut unsettled = 0;
    for (at, item) in items.iter().enumerate() {
        let reason = item.unreadable.as_ref().or_else(|| refused.get(&item.jti));
        let is_settled = if parked.contains(&item.session) {
            true
        } else if let Some(reason) = reason {
            parked.insert(item.session);
            plan.refused.push((at, reason.clone()));
            true
        } else {
            !item.is_told || acknowledged.contains(&item.jti)
        };
        if is_settled {
            plan.settled += usize::from(unsettled == 0);
            continue;
        }
        unsettled += 1;
        if waiting.insert(item.session) && plan.given.len() < most {
            plan.given.push(at);
        }
    }
    plan.is_settled = unsettled == 0;
    plan.has_more = unsettled > plan.given.len();
    plan
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn item(jti: usize, session: u8, is_told: bool) -> Item {
        let session = SessionId::from_bytes([session; 16]);
        Item { jti: jti.to_string(), session, is_told, unreadable: None }
    }

    fn acks(jtis: &[&str]) -> BTreeSet<String> {
        jtis.iter().map(|jti| (*jti).to_owned()).collect()
    }

    #[test]
    fn a_poll_is_read_and_a_wrong_one_says_what_is_wrong() {
        let read =
            Poll::of(br#"{"maxEvents":3,"returnImmediately":true,"ack":["a"],"setErrs":{"b":{"err":"x"}}}"#);
        let refused = BTreeMap::from([("b".to_owned(), "the receiver refused it, as x".to_owned())]);
        let wanted = Poll { most: 3, is_hasty: true, acknowledged: acks(&["a"]), refused };
        assert_eq!(read.unwrap(), wanted);
        let plain = Poll::of(b"{}").unwrap();
        assert_eq!((plain.most, plain.is_hasty), (TOKENS_MAX, false));
        assert_eq!(Poll::of(br#"{"maxEvents":18446744073709551615}"#).unwrap().most, TOKENS_MAX);
        for (body, told) in [
            ("", "the body is no JSON"),
            ("[]", "the body must be a JSON object"),
            (r#"{"maxEvents":-1}"#, "`maxEvents` must be"),
            (r#"{"returnImmediately":1}"#, "`returnImmediately` must be"),
            (r#"{"ack":"a"}"#, "`ack` must be"),
            (r#"{"ack":[1]}"#, "`ack` must be"),
            (r#"{"setErrs":["a"]}"#, "`setErrs` must be"),
            (r#"{"setErrs":{"a":{}}}"#, "`setErrs` must be"),
            (r#"{"setErrs":{"a":{"err":"x","description":1}}}"#, "`setErrs` must be"),
        ] {
            let error = Poll::of(body.as_bytes()).unwrap_err().to_string();
            assert!(error.starts_with(told), "{body}: {error}");
        }
    }

    #[test]
    fn of_each_session_the_first_unsettled_event_is_given() {
        let items =
            [item(0, 1, true), item(1, 2, true), item(2, 1, true), item(3, 3, false), item(4, 3, true)];
        let none = BTreeMap::new();
        let first = plan(&items, &acks(&[]), &none, 9);
        assert_eq!(
            (first.given, first.settled, first.is_settled, first.has_more),
            (vec![0, 1, 4], 0, false, true)
        );
        // Out of order: the cursor stays, and what was acknowledged does not come again.
        let second = plan(&items, &acks(&["1", "4"]), &none, 9);
        assert_eq!((second.given, second.settled, second.has_more), (vec![0], 0, true));
        let third = plan(&items, &acks(&["0", "1"]), &none, 9);
        assert_eq!((third.given, third.settled), (vec![2, 4], 2));
        assert!(plan(&items, &acks(&["0", "1", "2", "4"]), &none, 9).is_settled);
        assert_eq!(plan(&items, &acks(&[]), &none, 1).given, [0]);
        assert!(plan(&items, &acks(&[]), &none, 0).has_more);
        assert!(plan(&[], &acks(&[]), &none, 9).is_settled);
    }

    #[test]
    fn a_refused_event_parks_its_session_alone() {
        let items = [item(0, 1, true), item(1, 1, true), item(2, 2, true)];
        let refused = BTreeMap::from([("0".to_owned(), "no".to_owned())]);
        let plan = plan(&items, &acks(&[]), &refused, 9);
        assert_eq!((plan.given, plan.refused, plan.settled), (vec![2], vec![(0, "no".to_owned())], 2));
    }

    proptest! {
        /// A receiver that acknowledges what it is given, in any part and order, gets all of each session in
        /// order, nothing twice once it has acknowledged it, and comes to an end.
        #[test]
        fn all_come_in_the_order_of_their_sessions(
            sessions in prop::collection::vec((0_u8..4, any::<bool>()), 0..40),
            takes in prop::collection::vec(any::<u8>(), 1..8),
            most in 1_usize..6,
        ) {
            let items: Vec<_> =
                sessions.iter().enumerate().map(|(at, (session, told))| item(at, *session, *told)).collect();
            let (mut acknowledged, mut seen) = (BTreeSet::new(), Vec::new());
            for round in 0.. {
                prop_assert!(round < 200, "it comes to an end");
                let plan = plan(&items, &acknowledged, &BTreeMap::new(), most);
                if plan.is_settled {
                    break;
                }
                prop_assert!(!plan.given.is_empty() && plan.given.len() <= most);
                let take = usize::from(takes[round % takes.len()]) % plan.given.len();
                let at = plan.given[take];
                prop_assert!(acknowledged.insert(items[at].jti.clone()));
                seen.push(at);
            }
            for session in 0..4 {
                let of = |at: &usize| items[*at].session == SessionId::from_bytes([session; 16]);
                let got: Vec<_> = seen.iter().copied().filter(of).collect();
                let all: Vec<_> = (0..items.len()).filter(|at| items[*at].is_told && of(at)).collect();
                prop_assert_eq!(got, all);
            }
        }
    }
}
