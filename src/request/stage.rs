//! A request's session as its handles find it: open, or over and only to be read.
//!
//! A handler may give its session to a stream or a task that outlives the request. What such a handle changes
//! would be lost, so it is refused. What it reads is the session as the request has left it.

use super::SessionError;
use super::opened::Opened;

/// The session of one run of a request.
#[derive(Default)]
pub(super) struct Stage {
    /// The session while the handler may change it.
    opened: Option<Opened>,
    /// What is left to read of it at other times.
    seen: Option<Box<Opened>>,
    /// Whether the request is settled, or was dropped.
    is_over: bool,
}

impl Stage {
    /// The session, if it may be changed.
    pub(super) fn opened(&self) -> Option<&Opened> {
        self.opened.as_ref()
    }

    /// The session, to be changed.
    ///
    /// # Errors
    ///
    /// The request is over, or its session is about to be loaded again.
    pub(super) fn changing(&mut self) -> Result<&mut Opened, SessionError> {
        self.opened.as_mut().ok_or(SessionError::Over)
    }

    /// The session, to be read; none if nobody has opened it.
    pub(super) fn reading(&self) -> Option<&Opened> {
        self.opened.as_ref().or(self.seen.as_deref())
    }

    pub(super) fn is_over(&self) -> bool {
        self.is_over
    }

    /// A handler may use the session from now on, unless its request is over.
    pub(super) fn open(&mut self, opened: Opened) {
        if self.is_over {
            self.seen = Some(Box::new(opened));
        } else {
            (self.opened, self.seen) = (Some(opened), None);
        }
    }

    /// Takes the session out of the handler's hands for a while. Meanwhile it reads as it was loaded.
    pub(super) fn pause(&mut self) -> Option<Opened> {
        let opened = self.opened.take()?;
        self.seen = Some(Box::new(opened.seen().undone()));
        Some(opened)
    }

    /// Takes the session out of the handler's hands for good. If somebody `is_reading`, it reads as the
    /// handler has left it until [`show`](Self::show) tells what became of it.
    pub(super) fn close(&mut self, is_reading: bool) -> Option<Opened> {
        self.is_over = true;
        let opened = self.opened.take()?;
        self.seen = is_reading.then(|| Box::new(opened.seen()));
        Some(opened)
    }

    /// What is to be read of the session from now on.
    pub(super) fn show(&mut self, opened: Opened) {
        self.seen = Some(Box::new(opened));
    }
}
