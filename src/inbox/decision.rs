//! What becomes of an event that arrives: rules without input or output.

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod properties;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod table;

use time::OffsetDateTime;

use super::error::{BrokenChain, InboxError, SessionGap};
use super::place::Place;
use crate::session::{ChainHash, EventId, Link};

/// What became of an event that arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "an event that is new is to be handled in the same transaction"]
pub enum Receipt {
    /// It was not handled before: handle it in this transaction.
    New,
    /// It was not handled before, but a later event of its session was. This happens in a filtered stream
    /// alone, where nothing tells that an event is still to come. Handle it in this transaction, knowing
    /// this.
    Late {
        /// The version of that later event.
        after: i64,
    },
    /// It was handled before: drop it.
    Seen,
    /// It was recorded so long ago that the inbox has [forgotten](super::Inbox::forget) whether it was
    /// handled: drop it, and say so.
    Forgotten,
}

impl Receipt {
    /// Whether the event is to be handled now.
    pub fn is_to_be_handled(self) -> bool {
        match self {
            Self::New | Self::Late { .. } => true,
            Self::Seen | Self::Forgotten => false,
        }
    }
}

/// The latest event of a session that was handled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reached {
    pub(crate) version: i64,
    pub(crate) event: EventId,
    pub(crate) link: Option<Link>,
    /// The latest time of recording so far. It never goes back, whatever the clock of the log did.
    pub(crate) recorded_at: OffsetDateTime,
}

impl Reached {
    /// What is reached once the event at `place` is handled.
    pub(crate) fn after(reached: Option<&Self>, place: &Place) -> Self {
        let recorded_at =
            reached.map_or(place.recorded_at, |reached| reached.recorded_at.max(place.recorded_at));
        match reached {
            Some(reached) if reached.version > place.version => Self { recorded_at, ..reached.clone() },
            _ => Self {
                version: place.version,
                event: place.event,
                link: place.links.map(|links| links.own),
                recorded_at,
            },
        }
    }
}

/// Decides about an event of a stream that leaves none out. `horizon`: of what was recorded earlier the inbox
/// may have forgotten that it was handled.
pub(crate) fn of_whole(
    reached: Option<&Reached>,
    place: &Place,
    horizon: Option<OffsetDateTime>,
) -> Result<Receipt, InboxError> {
    let links = place.links.ok_or_else(|| BrokenChain::Unlinked.at(place))?;
    let (version, link) = match reached {
        Some(reached) => (reached.version, reached.link),
        None => (0, Some(ChainHash::genesis(place.session).link())),
    };
    match reached {
        None if is_forgotten(place, horizon) => return Ok(Receipt::Forgotten),
        Some(reached) if place.version <= version => return seen(reached, place),
        _ => {}
    }
    if place.version > version + 1 {
        return Err(SessionGap::before(place, version).into());
    }
    if Some(links.previous) != link {
        return Err(BrokenChain::OtherPast.at(place));
    }
    Ok(Receipt::New)
}

/// Decides about an event of a stream that leaves some out. `handled` is the event that was handled as this
/// version.
pub(crate) fn of_filtered(
    reached: Option<&Reached>,
    handled: Option<EventId>,
    place: &Place,
    horizon: Option<OffsetDateTime>,
) -> Result<Receipt, InboxError> {
    match (handled, reached) {
        (Some(handled), _) if handled == place.event => Ok(Receipt::Seen),
        (Some(_), _) => Err(BrokenChain::OtherEvent.at(place)),
        (None, _) if is_forgotten(place, horizon) => Ok(Receipt::Forgotten),
        (None, Some(reached)) if reached.version > place.version => {
            Ok(Receipt::Late { after: reached.version })
        }
        (None, _) => Ok(Receipt::New),
    }
}

/// An event at or below the version that was reached. It is a repeat, unless it was recorded after all of
/// those: then the session has another past, as after a restore of its log.
fn seen(reached: &Reached, place: &Place) -> Result<Receipt, InboxError> {
    let own = place.links.map(|links| links.own);
    let is_another =
        place.version == reached.version && (place.event != reached.event || own != reached.link);
    if is_another || place.recorded_at > reached.recorded_at {
        return Err(BrokenChain::OtherEvent.at(place));
    }
    Ok(Receipt::Seen)
}

fn is_forgotten(place: &Place, horizon: Option<OffsetDateTime>) -> bool {
    horizon.is_some_and(|horizon| place.recorded_at < horizon)
}
