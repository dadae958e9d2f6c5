//! Statements that travel together: all are sent before the first answer is awaited.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;

use futures_util::future::maybe_done;

use crate::store::error::Error;

/// A statement that is sent when it is first polled.
pub(crate) type Step<'a> = Pin<Box<dyn Future<Output = Result<(), Error>> + Send + 'a>>;

/// Does all steps. They are sent in their order when this is first polled: a COMMIT must not overtake the
/// statements before it, and `join_all` promises no order. The outcome is the first failure: it is the reason
/// of the later ones.
pub(crate) async fn pipelined(steps: Vec<Step<'_>>) -> Result<(), Error> {
    let mut steps: Vec<_> = steps.into_iter().map(maybe_done).collect();
    poll_fn(|context| {
        for step in &mut steps {
            let _pending = Pin::new(step).poll(context);
        }
        Poll::Ready(())
    })
    .await;
    let mut outcome = Ok(());
    for step in &mut steps {
        let mut step = Pin::new(step);
        step.as_mut().await;
        outcome = outcome.and(step.take_output().unwrap_or(Ok(())));
    }
    outcome
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use std::sync::Mutex;

    use futures_util::FutureExt;
    use tokio::sync::watch;

    use super::*;
    use crate::session::SessionId;

    #[test]
    fn all_are_sent_in_order_before_any_is_answered() {
        let (sent, (answer, answers)) = (Mutex::new(Vec::new()), watch::channel(false));
        let step = |nth: usize| -> Step<'_> {
            let (sent, mut answers) = (&sent, answers.clone());
            Box::pin(async move {
                sent.lock().unwrap().push(nth);
                answers.wait_for(|answered| *answered).await.unwrap();
                Ok(())
            })
        };
        let mut done = Box::pin(pipelined((0..1000).map(step).collect()));
        assert!(done.as_mut().now_or_never().is_none());
        assert_eq!(*sent.lock().unwrap(), (0..1000).collect::<Vec<_>>());
        answer.send(true).unwrap();
        assert!(matches!(done.now_or_never(), Some(Ok(()))));
        assert_eq!(sent.lock().unwrap().len(), 1000, "none is sent twice");
    }

    #[test]
    fn the_first_failure_is_the_outcome() {
        let session = SessionId::from(uuid::Uuid::from_u128(7));
        let steps: Vec<Step<'_>> = vec![
            Box::pin(async { Ok(()) }),
            Box::pin(async move { Err(Error::Stale { session }) }),
            Box::pin(async { Err(Error::Aborted) }),
        ];
        assert!(matches!(pipelined(steps).now_or_never(), Some(Err(Error::Stale { .. }))));
    }
}
