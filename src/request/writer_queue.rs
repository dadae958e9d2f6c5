//! Requests that write to one session stand in line, instead of aborting each other.
//!
//! The line is a courtesy, never a lock. A turn lasts a second at most, whatever its request is doing. A
//! request that has waited for a second goes ahead without one, and if it comes too late it loses at the
//! database and runs again.
//!
//! The line is in the process: it takes no lock in the database, so it works behind a transaction pooler. A
//! conflict with another process is left to the retry.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::{Semaphore, oneshot};
use tokio::time::{Instant, timeout, timeout_at};

use crate::ledger::Error;
use crate::session::SessionId;

/// How long a request waits for its turn, or for a connection that its session may have.
const WAIT_MAX: Duration = Duration::from_secs(1);

/// How long a turn lasts. A handler that takes longer keeps nobody waiting.
const TURN_MAX: Duration = Duration::from_secs(1);

/// How many stand in one line. Further ones go ahead without a turn.
const WAITING_MAX: usize = 256;

/// Lines of sessions that nobody waits for any more are forgotten when there are this many, or twice as many
/// as are in use.
const LINES_MAX: usize = 1024;

/// The lines of all sessions that somebody is writing to.
pub(crate) struct WriterQueue {
    /// A std mutex: it is held to look up a line, never across an await.
    lines: Mutex<Lines>,
    /// How many connections the transactions of one session may hold at a time. Each other [`Purpose`] has
    /// half as many.
    connections_max: usize,
}

struct Lines {
    of_sessions: HashMap<SessionId, Weak<Line>>,
    /// How many make it worth looking for those that nobody uses.
    many: usize,
}

/// A turn. It ends when this is dropped, and before that when [`TURN_MAX`] is over.
pub(super) struct Turn {
    line: Arc<Line>,
    number: u64,
}

/// One of the connections that the requests of a session may hold for a purpose. Given back when this is
/// dropped.
pub(super) struct Seat {
    line: Arc<Line>,
    purpose: Purpose,
}

/// The use of a connection. Requests that hold one for long take none from those that need one for a moment.
#[derive(Clone, Copy)]
pub(super) enum Purpose {
    /// A transaction of the handler's.
    Transaction,
    /// One whose handler may wait for the request's body.
    Stream,
    /// A change of the session, without a transaction of the handler's.
    Change,
}

/// The line of one session.
struct Line {
    order: Mutex<Order>,
    /// For each [`Purpose`].
    seats: [Semaphore; 3],
}

#[derive(Default)]
struct Order {
    /// The present turn.
    present: Option<Granted>,
    /// How many turns there have been.
    count: u64,
    waiting: VecDeque<oneshot::Sender<Turn>>,
}

#[derive(Clone, Copy)]
struct Granted {
    number: u64,
    at: Instant,
}

impl WriterQueue {
    /// Lines of sessions whose transactions may hold `connections_max` connections at a time.
    pub(crate) fn new(connections_max: usize) -> Self {
        let lines = Lines { of_sessions: HashMap::new(), many: LINES_MAX };
        Self { lines: Mutex::new(lines), connections_max: connections_max.max(1) }
    }

    /// Waits for a turn with a session. None if the wait took too long.
    pub(super) async fn turn(&self, session: SessionId) -> Option<Turn> {
        let line = self.line(session);
        let mut coming = match line.join() {
            Joined::Turn(turn) => return Some(turn),
            Joined::Full => return None,
            Joined::Waits(coming) => coming,
        };
        let deadline = Instant::now() + WAIT_MAX;
        loop {
            if let Ok(turn) = timeout_at(line.next_change().min(deadline), &mut coming).await {
                return turn.ok();
            }
            line.end_overdue_turn();
            // Its own turn may have come with the end of that one.
            if let Ok(turn) = coming.try_recv() {
                return Some(turn);
            }
            if Instant::now() >= deadline {
                return None;
            }
        }
    }

    /// The turn, if nobody has it.
    pub(super) fn turn_if_free(&self, session: SessionId) -> Option<Turn> {
        self.line(session).turn_if_free()
    }

    /// Waits for a connection that the requests of the session may hold. It is still to be taken from the
    /// pool.
    ///
    /// # Errors
    ///
    /// Others have kept all of them for too long.
    pub(super) async fn seat(&self, session: SessionId, purpose: Purpose) -> Result<Seat, Error> {
        let line = self.line(session);
        match timeout(WAIT_MAX, line.seats[purpose as usize].acquire()).await {
            Ok(Ok(permit)) => permit.forget(),
            _ => {
                let reason = "other requests of the session hold all connections that one session may hold";
                return Err(Error::Unavailable(reason.to_owned()));
            }
        }
        Ok(Seat { line, purpose })
    }

    fn line(&self, session: SessionId) -> Arc<Line> {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(line) = lines.of_sessions.get(&session).and_then(Weak::upgrade) {
            return line;
        }
        if lines.of_sessions.len() >= lines.many {
            lines.of_sessions.retain(|_, line| line.strong_count() > 0);
            lines.many = LINES_MAX.max(2 * lines.of_sessions.len());
        }
        let half = self.connections_max.div_ceil(2);
        let seats = [self.connections_max, half, half].map(Semaphore::new);
        let line = Arc::new(Line { order: Mutex::default(), seats });
        lines.of_sessions.insert(session, Arc::downgrade(&line));
        line
    }
}

/// How a request has come into a line.
enum Joined {
    /// It is its turn.
    Turn(Turn),
    /// Its turn will come.
    Waits(oneshot::Receiver<Turn>),
    /// Too many stand there.
    Full,
}

impl Line {
    fn join(self: &Arc<Self>) -> Joined {
        let mut order = self.order();
        if order.present.is_none() {
            return Joined::Turn(self.turn(order.grant()));
        }
        order.waiting.retain(|waiting| !waiting.is_closed());
        if order.waiting.len() >= WAITING_MAX {
            return Joined::Full;
        }
        let (sender, receiver) = oneshot::channel();
        order.waiting.push_back(sender);
        Joined::Waits(receiver)
    }

    fn turn_if_free(self: &Arc<Self>) -> Option<Turn> {
        let mut order = self.order();
        order.present.is_none().then(|| self.turn(order.grant()))
    }

    /// When the present turn is over at the latest.
    fn next_change(&self) -> Instant {
        self.order().present.map_or_else(Instant::now, |granted| granted.at) + TURN_MAX
    }

    /// Ends a turn that has lasted too long. Its request goes on without it.
    fn end_overdue_turn(self: &Arc<Self>) {
        let present = self.order().present;
        if let Some(overdue) = present.filter(|granted| granted.at.elapsed() >= TURN_MAX) {
            self.pass_on(overdue.number);
        }
    }

    /// Ends the turn with this number, if it is the present one.
    fn pass_on(self: &Arc<Self>, number: u64) {
        let next = {
            let mut order = self.order();
            if order.present.is_none_or(|present| present.number != number) {
                return;
            }
            order.present = None;
            order.next().map(|waiting| (waiting, order.grant()))
        };
        // A request that is dropped at this moment drops its turn, which passes it on.
        if let Some((waiting, number)) = next {
            drop(waiting.send(self.turn(number)));
        }
    }

    fn turn(self: &Arc<Self>, number: u64) -> Turn {
        Turn { line: Arc::clone(self), number }
    }

    /// No panic leaves it half changed.
    fn order(&self) -> MutexGuard<'_, Order> {
        self.order.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Order {
    /// Begins a turn, and gives its number.
    fn grant(&mut self) -> u64 {
        self.count += 1;
        self.present = Some(Granted { number: self.count, at: Instant::now() });
        self.count
    }

    /// The first who still waits.
    fn next(&mut self) -> Option<oneshot::Sender<Turn>> {
        std::iter::from_fn(|| self.waiting.pop_front()).find(|waiting| !waiting.is_closed())
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.line.pass_on(self.number);
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.line.seats[self.purpose as usize].add_permits(1);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    fn session() -> SessionId {
        SessionId::from(uuid::Uuid::from_u128(7))
    }

    /// A clock that runs on when all wait.
    fn run(test: impl Future<Output = ()>) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(test);
    }

    #[test]
    fn turns_come_in_the_order_of_the_requests() {
        run(async {
            let queue = WriterQueue::new(1);
            let first = queue.turn(session()).await.unwrap();
            let (mut second, mut third) = (Box::pin(queue.turn(session())), Box::pin(queue.turn(session())));
            assert!(second.as_mut().now_or_never().is_none());
            assert!(third.as_mut().now_or_never().is_none());
            assert!(queue.turn_if_free(session()).is_none());
            drop(first);
            assert!(third.as_mut().now_or_never().is_none(), "it is the second one's turn");
            drop(second);
            assert!(third.now_or_never().is_some(), "a request that is dropped passes its turn on");
            assert!(queue.turn_if_free(session()).is_some());
        });
    }

    #[test]
    fn a_turn_that_nobody_gives_back_is_over_after_its_time() {
        run(async {
            let queue = WriterQueue::new(1);
            let kept = queue.turn(session()).await.unwrap();
            let next = queue.turn(session()).await.expect("a turn, not the end of its patience");
            drop(kept);
            assert!(queue.turn_if_free(session()).is_none(), "the old turn does not end the new one");
            drop(next);
            assert!(queue.turn_if_free(session()).is_some());
        });
    }

    #[test]
    fn a_line_is_of_bounded_length_and_forgets_who_has_gone() {
        run(async {
            let queue = WriterQueue::new(1);
            let present = queue.turn(session()).await.unwrap();
            let mut waiting: Vec<_> = (0..WAITING_MAX).map(|_| Box::pin(queue.turn(session()))).collect();
            for one in &mut waiting {
                assert!(one.as_mut().now_or_never().is_none());
            }
            assert!(queue.turn(session()).now_or_never().expect("an answer at once").is_none());
            waiting.truncate(WAITING_MAX - 1);
            assert!(Box::pin(queue.turn(session())).now_or_never().is_none(), "there is room again");
            drop(present);
        });
    }
}
