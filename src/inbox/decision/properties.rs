//! Whatever a broker repeats, swaps, loses and forges: each event is handled at most once and in order, and
//! whatever is missing is told.

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::vec;
use proptest::prelude::*;
use time::{Duration, OffsetDateTime};

use super::super::error::InboxError;
use super::super::place::{Links, Place};
use super::{Reached, Receipt, of_filtered, of_whole};
use crate::session::{ChainHash, EventId, SessionId};

const SESSIONS: usize = 3;
const VERSIONS: usize = 6;

/// What a table of an inbox holds, and what its consumer has handled.
#[derive(Default)]
struct Consumer {
    reached: BTreeMap<SessionId, Reached>,
    ended: BTreeSet<SessionId>,
    events: BTreeMap<(SessionId, i64), (EventId, OffsetDateTime)>,
    horizon: Option<OffsetDateTime>,
    handled: Vec<(SessionId, i64)>,
}

impl Consumer {
    fn receive(&mut self, place: &Place, is_whole: bool) -> Result<Receipt, InboxError> {
        let reached = self.reached.get(&place.session);
        let receipt = if is_whole {
            of_whole(reached, place, self.horizon)?
        } else {
            let handled = self.events.get(&(place.session, place.version)).map(|(event, _)| *event);
            of_filtered(reached, handled, place, self.horizon)?
        };
        if receipt.is_to_be_handled() {
            let after = Reached::after(reached, place);
            self.reached.insert(place.session, after);
            self.ended.extend((place.is_end || !is_whole).then_some(place.session));
            self.events.insert((place.session, place.version), (place.event, place.recorded_at));
            self.handled.push((place.session, place.version));
        }
        Ok(receipt)
    }

    /// As the statement does.
    fn forget(&mut self, before: OffsetDateTime) {
        self.horizon = self.horizon.max(Some(before));
        self.reached
            .retain(|session, reached| reached.recorded_at >= before || !self.ended.contains(session));
        self.events.retain(|_, (_, recorded_at)| *recorded_at >= before);
    }

    fn of_session(&self, session: SessionId) -> Vec<i64> {
        self.handled.iter().filter(|(of, _)| *of == session).map(|(_, version)| *version).collect()
    }
}

fn session(nth: usize) -> SessionId {
    SessionId::from_bytes([nth as u8 + 1; 16])
}

/// A log: sessions with their events in order, the last of each its end.
fn log() -> Vec<Place> {
    let mut log = Vec::new();
    for nth in 0..SESSIONS {
        let mut previous = ChainHash::genesis(session(nth)).link();
        for version in 1..=VERSIONS {
            let number = (nth * VERSIONS + version) as u8;
            let own = ChainHash::from_bytes([number; 32]).link();
            log.push(Place {
                log: "log".to_owned(),
                session: session(nth),
                version: version as i64,
                event: EventId::from_random([number; 16]),
                // The sessions' events alternate.
                recorded_at: moment(version * SESSIONS + nth),
                links: Some(Links { previous, own }),
                is_end: version == VERSIONS,
            });
            previous = own;
        }
    }
    log
}

fn moment(minute: usize) -> OffsetDateTime {
    OffsetDateTime::UNIX_EPOCH + Duration::minutes(minute as i64)
}

/// Events of the log by their places, as a broker may deliver them: with repeats, losses and swaps.
fn deliveries() -> impl Strategy<Value = Vec<usize>> {
    vec(0..SESSIONS * VERSIONS, 0..120)
}

proptest! {
    #[test]
    fn a_whole_stream_is_handled_once_and_in_order_or_a_gap_is_told(deliveries in deliveries()) {
        let (log, mut consumer) = (log(), Consumer::default());
        for nth in deliveries {
            let place = &log[nth];
            let have = consumer.of_session(place.session).len() as i64;
            match consumer.receive(place, true) {
                Ok(Receipt::New) => prop_assert_eq!(place.version, have + 1),
                Ok(Receipt::Seen) => prop_assert!(place.version <= have),
                Err(InboxError::Gap(gap)) => {
                    prop_assert_eq!((gap.have, gap.got), (have, place.version));
                    prop_assert!(gap.got > have + 1);
                }
                other => prop_assert!(false, "{other:?}"),
            }
        }
        // Whoever re-reads the log has handled all of it.
        for place in &log {
            prop_assert!(consumer.receive(place, true).is_ok());
        }
        for nth in 0..SESSIONS {
            prop_assert_eq!(consumer.of_session(session(nth)), (1..=VERSIONS as i64).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_filtered_stream_is_handled_once_and_what_is_late_is_told(deliveries in deliveries()) {
        let (log, mut consumer) = (log(), Consumer::default());
        for nth in &deliveries {
            let place = &log[*nth];
            let before = consumer.of_session(place.session);
            let later = before.iter().copied().max().filter(|version| *version > place.version);
            let receipt = consumer.receive(place, false).unwrap();
            let expected = match later {
                _ if before.contains(&place.version) => Receipt::Seen,
                Some(after) => Receipt::Late { after },
                None => Receipt::New,
            };
            prop_assert_eq!(receipt, expected);
        }
        let delivered: BTreeSet<_> =
            deliveries.iter().map(|nth| (log[*nth].session, log[*nth].version)).collect();
        prop_assert_eq!(consumer.handled.len(), delivered.len());
        prop_assert_eq!(consumer.handled.into_iter().collect::<BTreeSet<_>>(), delivered);
    }

    #[test]
    fn nothing_is_handled_twice_however_much_was_forgotten(
        steps in vec((0..SESSIONS * VERSIONS, proptest::option::weighted(0.2, 0..40_usize)), 0..120),
        is_whole: bool,
    ) {
        let (log, mut consumer) = (log(), Consumer::default());
        for (nth, forgotten) in steps {
            if let Some(minute) = forgotten {
                consumer.forget(moment(minute));
            }
            // A gap is an answer, too.
            let _ = consumer.receive(&log[nth], is_whole);
        }
        let handled: BTreeSet<_> = consumer.handled.iter().collect();
        prop_assert_eq!(handled.len(), consumer.handled.len());
    }

    #[test]
    fn an_event_with_a_forged_link_or_of_another_chain_is_not_handled(
        reached in 0..VERSIONS,
        which in 0..VERSIONS,
        bytes: [u8; 32],
    ) {
        let (log, mut consumer) = (log(), Consumer::default());
        for place in &log[..reached] {
            prop_assert!(consumer.receive(place, true).is_ok());
        }
        let genuine = &log[which];
        let forged = Links { previous: ChainHash::from_bytes(bytes).link(), own: genuine.links.unwrap().own };
        let forged = Place { links: Some(forged), ..genuine.clone() };
        let before = consumer.handled.len();
        let refused = consumer.receive(&forged, true);
        prop_assert!(!matches!(refused, Ok(Receipt::New)), "{refused:?}");
        let of_another = Place { session: session(1), ..genuine.clone() };
        let refused = consumer.receive(&of_another, true);
        prop_assert!(!matches!(refused, Ok(Receipt::New)), "{refused:?}");
        prop_assert_eq!(consumer.handled.len(), before);
    }
}
