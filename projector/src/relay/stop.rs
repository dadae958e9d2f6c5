//! That a relay is to stop.

use std::pin::Pin;
use std::time::Duration;

use tokio::time::sleep;

use super::End;

/// Is ready when the relay is to stop, with the reason, and stays so.
pub(super) struct Stop<'a, S> {
    asked: Pin<&'a mut S>,
    end: Option<End>,
}

impl<'a, S: Future<Output = End>> Stop<'a, S> {
    pub(super) fn new(asked: Pin<&'a mut S>) -> Self {
        Self { asked, end: None }
    }

    /// Why the relay is to stop, once it is.
    pub(super) async fn end(&mut self) -> End {
        match &self.end {
            Some(end) => end.clone(),
            None => self.end.insert(self.asked.as_mut().await).clone(),
        }
    }

    /// Why the relay is to stop; none if it is not within this time.
    pub(super) async fn within(&mut self, pause: Duration) -> Option<End> {
        tokio::select! {
            biased;
            end = self.end() => Some(end),
            () = sleep(pause) => None,
        }
    }

    /// Why the relay is to stop, if it is by now.
    pub(super) async fn now(&mut self) -> Option<End> {
        tokio::select! {
            biased;
            end = self.end() => Some(end),
            () = std::future::ready(()) => None,
        }
    }
}
