//! A relay of `projector run`.

use session_ledger::Ledger;
use tokio::sync::watch;
use tokio::time::sleep;

use super::{BACKOFF, pause_after};
use crate::relay::sink::Closed;
use crate::relay::target::{Means, Target};
use crate::relay::{End, Relay, RelayError, relay};

/// A subscription, and where its events go. Its lease is the subscription's own: of several processes one
/// delivers.
#[derive(Debug)]
pub struct Relaying {
    /// The relay.
    pub relay: Relay,
    /// Where its events go.
    pub target: Target,
    /// What that needs.
    pub means: Means,
}

impl Relaying {
    /// Delivers until it is stopped, or the sink takes no more.
    pub(super) async fn keep_on(self, ledger: Ledger, mut stopped: watch::Receiver<bool>) {
        let (name, mut failures, mut is_closed) = (&self.relay.subscription, 0, false);
        loop {
            let mut sink = match self.target.sink(&self.means) {
                Ok(sink) => sink,
                Err(error) => {
                    tracing::error!("relay `{name}` has ended until the next start of this process: {error}");
                    return;
                }
            };
            let mut asked = stopped.clone();
            let stop = async {
                asked.wait_for(|is_stopped| *is_stopped).await.ok();
                End::Stopped
            };
            let ended = relay(&ledger, &self.relay, sink.as_mut(), stop).await;
            // Closed for good, it is looked at now and then: an operator may open it again.
            let was_closed = std::mem::replace(&mut is_closed, closes(&ended));
            let pause = if is_closed { BACKOFF.1 } else { pause_after(failures) };
            match ended {
                Ok(End::Stopped | End::UpToDate) => return,
                Ok(End::Closed(Closed { reason, is_for_good: false })) => {
                    tracing::error!(
                        "relay `{name}` has ended until the next start of this process, as {reason}"
                    );
                    return;
                }
                Ok(End::Closed(Closed { reason, .. })) => tracing::error!(
                    "subscription `{name}` is closed, as {reason}: `projector relay reopen {name}` lets it go on"
                ),
                Err(error) if is_closed && !was_closed => tracing::error!("{error}"),
                Err(_) if is_closed => {}
                Err(error) => {
                    let seconds = pause.as_secs();
                    tracing::error!("relay `{name}` failed, and is begun again in {seconds} s: {error}");
                }
            }
            failures = if is_closed { 0 } else { failures + 1 };
            tokio::select! {
                _ = stopped.wait_for(|is_stopped| *is_stopped) => return,
                () = sleep(pause) => {}
            }
        }
    }
}

/// Whether nobody wants the events any more, for good.
fn closes(ended: &Result<End, RelayError>) -> bool {
    match ended {
        Ok(End::Closed(closed)) => closed.is_for_good,
        Ok(_) => false,
        Err(error) => error.is_closed(),
    }
}
