//! A request's body, kept as it is read, so that the request can run again.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use futures_util::{Stream, stream};
use poem::Body;

/// How many bytes of bodies may be kept at a time, for all requests of one `Sessions` and its clones.
pub(super) struct Budget(AtomicUsize);

/// The body of one request. It is read when a handler reads it, or asks for its session, and not before. Of a
/// body for which the budget has no room nothing is kept, and it can be read once.
pub(super) struct KeptBody {
    /// The length that the body announces, or the longest that it may have.
    bytes: usize,
    budget: Arc<Budget>,
    content: Mutex<Content>,
}

struct Content {
    /// The body as it comes. None behind its end.
    source: Option<Source>,
    keeping: Keeping,
    /// Its part of the budget, in bytes.
    room: usize,
    kept: Vec<Bytes>,
    kept_bytes: usize,
    /// The readers that wait for more to come.
    waiting: Vec<Waker>,
}

type Source = Pin<Box<dyn Stream<Item = io::Result<Bytes>> + Send>>;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Keeping {
    /// Nobody has read it yet.
    Undecided,
    Yes,
    /// There is no room for it, it is longer than announced, or it could not be read.
    No,
}

impl Budget {
    pub(super) fn new(bytes: usize) -> Self {
        Self(AtomicUsize::new(bytes))
    }

    fn take(&self, bytes: usize) -> bool {
        let taking = |left: usize| left.checked_sub(bytes);
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, taking).is_ok()
    }

    fn give_back(&self, bytes: usize) {
        self.0.fetch_add(bytes, Ordering::Relaxed);
    }
}

impl KeptBody {
    /// A body that announces to be this long, or may be so long if it announces nothing.
    pub(super) fn new(body: Body, bytes: usize, budget: &Arc<Budget>) -> Arc<Self> {
        let content = Content {
            source: Some(Box::pin(body.into_bytes_stream())),
            keeping: Keeping::Undecided,
            room: 0,
            kept: Vec::new(),
            kept_bytes: 0,
            waiting: Vec::new(),
        };
        Arc::new(Self { bytes, budget: Arc::clone(budget), content: Mutex::new(content) })
    }

    /// The body from its beginning, as long as [`can_be_read_again`](Self::can_be_read_again) says so.
    pub(super) fn body(self: &Arc<Self>) -> Body {
        let read = stream::unfold((Arc::clone(self), 0), async |(kept, nth)| {
            let piece = kept.piece(nth).await?;
            Some((piece, (kept, nth + 1)))
        });
        Body::from_bytes_stream(read)
    }

    /// Whether the body can be read from its beginning.
    pub(super) fn can_be_read_again(&self) -> bool {
        self.content().keeping != Keeping::No
    }

    /// Waits until the whole body has come. Returns at once if it is not kept.
    ///
    /// # Errors
    ///
    /// The client has gone.
    pub(super) async fn fill(&self) -> io::Result<()> {
        while self.decide() == Keeping::Yes {
            let next = self.content().kept.len();
            match self.piece(next).await {
                Some(piece) => drop(piece?),
                None => break,
            }
        }
        Ok(())
    }

    /// The piece of this number; none behind the end.
    async fn piece(&self, nth: usize) -> Option<io::Result<Bytes>> {
        self.decide();
        poll_fn(|context| self.content().poll_piece(self, nth, context)).await
    }

    /// Whether it is kept. The first who asks decides it.
    fn decide(&self) -> Keeping {
        let mut content = self.content();
        if content.keeping == Keeping::Undecided {
            let has_room = self.budget.take(self.bytes);
            content.keeping = if has_room { Keeping::Yes } else { Keeping::No };
            content.room = if has_room { self.bytes } else { 0 };
        }
        content.keeping
    }

    /// No panic leaves it half changed.
    fn content(&self) -> MutexGuard<'_, Content> {
        self.content.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Content {
    fn poll_piece(
        &mut self,
        body: &KeptBody,
        nth: usize,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Bytes>>> {
        if let Some(piece) = self.kept.get(nth) {
            return Poll::Ready(Some(Ok(piece.clone())));
        }
        let Some(source) = &mut self.source else { return Poll::Ready(None) };
        let Poll::Ready(next) = source.as_mut().poll_next(context) else {
            // The source wakes only the last who has asked it.
            if !self.waiting.iter().any(|waker| waker.will_wake(context.waker())) {
                self.waiting.push(context.waker().clone());
            }
            return Poll::Pending;
        };
        self.waiting.drain(..).for_each(Waker::wake);
        match &next {
            Some(Ok(piece)) => self.keep(piece, body.bytes),
            Some(Err(_)) => self.keeping = Keeping::No,
            None => {
                self.source = None;
                let surplus = self.room.saturating_sub(self.kept_bytes);
                self.room -= surplus;
                body.budget.give_back(surplus);
            }
        }
        Poll::Ready(next)
    }

    /// Keeps a copy: a piece of the connection's own buffer would keep that whole.
    fn keep(&mut self, piece: &Bytes, bytes_max: usize) {
        if self.keeping == Keeping::Yes {
            self.kept.push(Bytes::copy_from_slice(piece));
            self.kept_bytes += piece.len();
            if self.kept_bytes > bytes_max {
                self.keeping = Keeping::No;
            }
        }
    }
}

impl Drop for KeptBody {
    fn drop(&mut self) {
        let content = self.content.get_mut().unwrap_or_else(PoisonError::into_inner);
        self.budget.give_back(content.room);
    }
}
