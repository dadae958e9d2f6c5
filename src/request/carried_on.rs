//! Work that comes to its end, also when whoever waits for it goes away.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::task::Poll;

use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::task::JoinError;
use tracing::{Instrument, Span};

/// Work on the heap, where it stays: it is large, and may move into a task of its own.
pub(super) type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Does `work` within `span` until it has given its answer. If it goes on after that, or if this future is
/// dropped before, a task of its own carries it on: a client that hangs up must not stop a commit halfway. No
/// other request pays for a task, with its wake-ups on the way there and back.
///
/// # Errors
///
/// The work has panicked.
pub(super) async fn carried_on<T>(
    work: Work,
    span: Span,
    mut answer: oneshot::Receiver<T>,
) -> Result<T, Option<JoinError>> {
    let mut carried = Carried { work: Some(work), span, runtime: Handle::current() };
    let answered = poll_fn(|context| {
        if let Some(work) = &mut carried.work {
            let _within = carried.span.enter();
            // Whatever a panic leaves is dropped, and each lock of ours outlives a panic.
            match catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context))) {
                Ok(Poll::Pending) => {}
                Ok(Poll::Ready(())) => carried.work = None,
                Err(panic) => {
                    carried.work = None;
                    return Poll::Ready(Err(panic));
                }
            }
        }
        Pin::new(&mut answer).poll(context).map(Ok)
    });
    match answered.await {
        Ok(answered) => answered.map_err(|_| None),
        // A task has the error that says so.
        Err(panic) => Err(tokio::spawn(async { resume_unwind(panic) }).await.err()),
    }
}

/// Work that is under way.
struct Carried {
    /// None once it is done.
    work: Option<Work>,
    span: Span,
    runtime: Handle,
}

impl Drop for Carried {
    fn drop(&mut self) {
        if let Some(work) = self.work.take() {
            drop(self.runtime.spawn(work.instrument(self.span.clone())));
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use futures_util::FutureExt;
    use tokio::sync::{mpsc, watch};

    use super::*;

    /// Work that says each step that it has done, waits for the gate, and answers in between or at its end.
    struct Steps {
        gate: watch::Receiver<bool>,
        said: mpsc::UnboundedSender<&'static str>,
    }

    impl Steps {
        async fn take(mut self, answer: oneshot::Sender<u8>, early: bool) {
            self.said.send("begun").unwrap();
            let mut answer = Some(answer);
            if early {
                answer.take().unwrap().send(7).unwrap();
            }
            self.gate.wait_for(|open| *open).await.unwrap();
            if let Some(answer) = answer {
                answer.send(7).ok();
            }
            self.said.send("ended").unwrap();
        }
    }

    fn steps() -> (watch::Sender<bool>, mpsc::UnboundedReceiver<&'static str>, Steps) {
        let ((open, gate), (said, heard)) = (watch::channel(false), mpsc::unbounded_channel());
        (open, heard, Steps { gate, said })
    }

    #[tokio::test]
    async fn work_is_done_where_it_is_waited_for() {
        let (open, mut heard, steps) = steps();
        open.send(true).unwrap();
        let (answer, answered) = oneshot::channel();
        let done = carried_on(Box::pin(steps.take(answer, false)), Span::none(), answered).now_or_never();
        assert!(matches!(done, Some(Ok(7))), "without another task it is done at once");
        assert_eq!((heard.recv().await, heard.recv().await), (Some("begun"), Some("ended")));
    }

    #[tokio::test]
    async fn work_goes_on_when_whoever_waited_has_gone() {
        let (open, mut heard, steps) = steps();
        let (answer, answered) = oneshot::channel();
        let waited = carried_on(Box::pin(steps.take(answer, false)), Span::none(), answered).now_or_never();
        assert!(waited.is_none(), "it waits for the gate, and is dropped");
        open.send(true).unwrap();
        assert_eq!((heard.recv().await, heard.recv().await), (Some("begun"), Some("ended")));
    }

    #[tokio::test]
    async fn work_goes_on_after_its_answer() {
        let (open, mut heard, steps) = steps();
        let (answer, answered) = oneshot::channel();
        let done = carried_on(Box::pin(steps.take(answer, true)), Span::none(), answered).now_or_never();
        assert!(matches!(done, Some(Ok(7))));
        open.send(true).unwrap();
        assert_eq!((heard.recv().await, heard.recv().await), (Some("begun"), Some("ended")));
    }

    #[tokio::test]
    async fn a_panic_is_told_as_that_of_a_task() {
        let (answer, answered) = oneshot::channel::<u8>();
        let work = async move {
            let _answer = answer;
            panic!("on purpose");
        };
        let told = carried_on(Box::pin(work), Span::none(), answered).await;
        assert!(told.is_err_and(|error| error.is_some_and(|error| error.is_panic())));
    }
}
