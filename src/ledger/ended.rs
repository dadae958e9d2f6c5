//! Waiting for the end of a session, so that a stream or a WebSocket can close when its user logs out.
//!
//! An end is a row, and whoever wants to know of it looks at the row. One task looks for all who wait: at all
//! sessions in each interval, at one session when its deadline comes, and when this process has committed
//! its end. So an end in another process is noticed within the interval, and one in this process at once.

use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::watch::End;
use super::{Error, Ledger};
use crate::session::{EndReason, SessionId};
use crate::store::connection::pool::Connection;
use crate::store::watch::{Sight, sights};

/// The shortest pause between two looks, whatever deadlines and ends come.
const PAUSE: Duration = Duration::from_millis(20);

/// How many sessions one statement looks at.
const TOGETHER_MAX: usize = 1_000;

impl Ledger {
    /// Waits for the end of a session. Returns why it ended; none if nothing is known of such a session, say
    /// after a restore.
    ///
    /// An end in this process is noticed at once, one in another process within the
    /// [`watch_interval`](super::Builder::watch_interval). When a time limit of the session is reached, that
    /// is its end. While the database is away, nothing is noticed. However many sessions are watched, one
    /// statement looks at a thousand of them.
    ///
    /// ```no_run
    /// # async fn example(ledger: session_ledger::Ledger, session: session_ledger::SessionId) {
    /// tokio::select! {
    ///     () = serve_socket() => {}
    ///     reason = ledger.ended(session) => println!("close the socket: {reason:?}"),
    /// }
    /// # }
    /// # async fn serve_socket() {}
    /// ```
    pub fn ended(&self, session: SessionId) -> impl Future<Output = Option<EndReason>> + Send + Sync + use<> {
        let ledger = self.clone();
        async move {
            loop {
                let mut told = ledger.watch(session);
                // The task that looks may go with its runtime: then another one begins.
                if let Ok(end) = told.wait_for(Option::is_some).await
                    && let Some(End(reason)) = end.clone()
                {
                    return reason;
                }
            }
        }
    }

    /// Joins those who watch a session, and makes sure that somebody looks.
    fn watch(&self, session: SessionId) -> watch::Receiver<Option<End>> {
        let watch = &self.0.watch;
        let (receiver, starts) = watch.watched().join(session, Instant::now());
        if starts {
            tokio::spawn(look(Looking(self.clone())));
        } else {
            watch.hurry.notify_one();
        }
        receiver
    }

    /// Looks at these sessions. One that is over by a clock that has jumped may go on, so it counts as live
    /// until it is looked at again.
    async fn sights(&self, sessions: &[SessionId]) -> Result<Vec<(SessionId, Sight)>, Error> {
        let looking = async |connection: &Connection| sights(connection, sessions).await;
        let mut sights = self.lend(looking).await?;
        for (_, sight) in &mut sights {
            if let Sight::Expired(_, now) = sight
                && self.trust_clock(*now).is_err()
            {
                *sight = Sight::Live(None);
            }
        }
        Ok(sights)
    }

    /// Has a session looked at now, if somebody watches it: it has just ended.
    pub(super) fn tell_end(&self, session: SessionId) {
        let watch = &self.0.watch;
        if watch.watched().hurry(session, Instant::now()) {
            watch.hurry.notify_one();
        }
    }
}

/// The task that looks. When it is dropped, all who watch are let go, and come again.
struct Looking(Ledger);

impl Drop for Looking {
    fn drop(&mut self) {
        self.0.0.watch.watched().forsake();
    }
}

async fn look(looking: Looking) {
    let ledger = &looking.0;
    let watch = &ledger.0.watch;
    loop {
        let Some(due) = watch.watched().due(Instant::now(), watch.interval) else { return };
        for sessions in due.chunks(TOGETHER_MAX) {
            match ledger.sights(sessions).await {
                Ok(sights) => watch.watched().tell(sights, Instant::now()),
                Err(error) => not_looked_at(&error),
            }
        }
        tokio::time::sleep(PAUSE.min(watch.interval)).await;
        let next = watch.watched().next();
        tokio::select! {
            () = tokio::time::sleep_until(next.into()) => {}
            () = watch.hurry.notified() => {}
        }
    }
}

fn not_looked_at(error: &Error) {
    tracing::warn!(%error, "watched sessions could not be looked at");
}
