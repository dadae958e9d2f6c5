//! Folding one session of the log to its rows.

use super::error::RebuildError;
use crate::session::{LoginStep, SessionId, SessionState};
use crate::store::log::streams::{Logged, Streams};
use crate::store::projection::columns::LoginRow;

/// A session as its events make it.
#[derive(Default)]
pub(super) struct Folded {
    pub(super) state: SessionState,
    pub(super) logins: Vec<LoginRow>,
    pub(super) events: u64,
    pub(super) unknown_events: u64,
}

/// Folds the events of `session`, which the log has come to. The counts of `folded` are right also after an
/// error, for the events that were read.
pub(super) async fn fold(
    session: SessionId,
    log: &mut Streams,
    folded: &mut Folded,
) -> Result<(), RebuildError> {
    let state = &mut folded.state;
    while let Some(Logged { entry, .. }) = log.next_event().await? {
        folded.events += 1;
        let (expected, version) = (state.version + 1, entry.version);
        if version != expected {
            return Err(RebuildError::VersionGap { session, expected, found: version });
        }
        let undecodable = |error| RebuildError::Undecodable { session, version, error };
        // Nothing follows an end, not even in a log that holds more.
        if state.ended.is_none()
            && let Some(step) = LoginStep::of(&entry).map_err(undecodable)?
        {
            folded.logins.push(LoginRow::of(step));
        }
        state.advance(&entry).map_err(undecodable)?;
        folded.unknown_events += u64::from(!entry.encoded.is_known());
    }
    Ok(())
}
