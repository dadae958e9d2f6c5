//! Looking after a handler that runs for long.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Poll, ready};
use std::time::Duration;

use tokio::time::{Sleep, sleep};

use super::visit::Visit;

/// How often a transaction is looked at whose handler still runs.
const BETWEEN_LOOKS: Duration = Duration::from_millis(500);

/// Runs a handler. If the server ends the connection of its transaction meanwhile, the pool need not wait for
/// the handler to notice.
///
/// `visit` is none before the handler has asked for it.
pub(crate) async fn attended<'a, T>(
    visit: impl Fn() -> Option<&'a Arc<Visit>>,
    mut handler: Pin<&mut impl Future<Output = T>>,
) -> T {
    let mut pause = pin!(None::<Sleep>);
    poll_fn(|context| {
        if let Poll::Ready(done) = handler.as_mut().poll(context) {
            return Poll::Ready(done);
        }
        // Without a transaction there is nothing to look at, and nothing is spent on it.
        while let Some(visit) = visit().filter(|visit| visit.is_attended()) {
            if pause.is_none() {
                pause.set(Some(sleep(BETWEEN_LOOKS)));
            }
            ready!(pause.as_mut().as_pin_mut().map_or(Poll::Ready(()), |pause| pause.poll(context)));
            pause.set(None);
            visit.give_up_lost_connection();
        }
        Poll::Pending
    })
    .await
}
