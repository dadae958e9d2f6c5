//! A request's room for a connection: its part of what the pool gives to requests of its kind.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::writer_queue::{Purpose, Seat, WriterQueue};
use crate::ledger::Error;
use crate::session::SessionId;

/// How long a request waits for room.
const WAIT_MAX: Duration = Duration::from_secs(1);

/// Connections for transactions of requests whose bodies come while they run. Such a transaction may wait for
/// a client that sends nothing, so these requests have a part of the pool, and never all of it.
#[derive(Clone)]
pub(crate) struct Streams(Arc<Semaphore>);

/// The room of one request. Given back when this is dropped.
pub(super) struct Room {
    _seat: Option<Seat>,
    _stream: Option<OwnedSemaphorePermit>,
}

impl Streams {
    pub(crate) fn new(connections_max: usize) -> Self {
        Self(Arc::new(Semaphore::new(connections_max)))
    }

    async fn one(&self) -> Result<OwnedSemaphorePermit, Error> {
        match timeout(WAIT_MAX, Arc::clone(&self.0).acquire_owned()).await {
            Ok(Ok(permit)) => Ok(permit),
            _ => {
                let reason =
                    "requests whose bodies are not read yet hold all connections that such requests may hold";
                Err(Error::Unavailable(reason.to_owned()))
            }
        }
    }
}

impl Room {
    /// Waits for room, without a connection: that of `session`, if the request holds one, and that of
    /// `streams`, if its body is not kept.
    ///
    /// # Errors
    ///
    /// Others have kept it for too long.
    pub(super) async fn of(
        queue: &WriterQueue,
        streams: Option<&Streams>,
        session: Option<SessionId>,
    ) -> Result<Self, Error> {
        let purpose = if streams.is_some() { Purpose::Stream } else { Purpose::Transaction };
        let seat = match session {
            Some(session) => Some(queue.seat(session, purpose).await?),
            None => None,
        };
        let stream = match streams {
            Some(streams) => Some(streams.one().await?),
            None => None,
        };
        Ok(Self { _seat: seat, _stream: stream })
    }
}
