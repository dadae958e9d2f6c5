//! A place in the feed that its reader keeps.

use std::fmt;
use std::str::FromStr;

use super::snapshot::Snapshot;
use crate::plain_debug::plain_debug;

/// A place in the feed, for whoever reads it without a subscription: see
/// [`Ledger::read_feed`](crate::Ledger::read_feed). It is kept as a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedCursor {
    epoch: i16,
    snapshot: Snapshot,
}

/// A text that is no cursor of the feed.
#[derive(thiserror::Error)]
#[error(
    "`{text}` is no cursor of the feed: give the text of one that a batch had, or none to begin with the log"
)]
pub struct FeedCursorError {
    /// The text.
    pub text: String,
}

plain_debug!(FeedCursorError);

impl FeedCursor {
    pub(super) fn of(epoch: i16, snapshot: &Snapshot) -> Self {
        Self { epoch, snapshot: snapshot.clone() }
    }

    pub(super) fn into_parts(self) -> (i16, Snapshot) {
        (self.epoch, self.snapshot)
    }
}

impl fmt::Display for FeedCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.epoch, self.snapshot)
    }
}

impl FromStr for FeedCursor {
    type Err = FeedCursorError;

    fn from_str(text: &str) -> Result<Self, FeedCursorError> {
        let read = || {
            let (epoch, snapshot) = text.split_once('/')?;
            let cursor = Self { epoch: epoch.parse().ok()?, snapshot: Snapshot::read(snapshot)? };
            (cursor.epoch >= 1 && cursor.to_string() == text).then_some(cursor)
        };
        read().ok_or_else(|| FeedCursorError { text: text.to_owned() })
    }
}
