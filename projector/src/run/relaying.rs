//! A relay of `projector run`.

use session_ledger::Ledger;
use tokio::sync::watch;
use tokio::time::sleep;

use super::{BACKOFF, pause_after};
use crate::relay::sink::Closed;
use crate::relay::target::{Means, Target};
use crate::relay::{End, Relay, relay};

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
    /// Delivers until it is stopped, or the sink takes no more. A closed subscription is looked at now and
    /// then: an operator may open it again.
    pub(super) async fn keep_on(self, ledger: Ledger, mut stopped: watch::Receiver<bool>) {
        let (name, mut told) = (&self.relay.subscription, None);
        while let Some(Closed { reason, is_for_good }) = self.until_closed(&ledger, stopped.clone()).await {
            if !is_for_good {
                tracing::error!("relay `{name}` has ended until the next start of this process, as {reason}");
                return;
            }
            if told.as_ref() != Some(&reason) {
                tracing::error!(
                    "subscription `{name}` is closed, as {reason}: `projector relay reopen {name}` lets it go on"
                );
                told = Some(reason);
            }
            tokio::select! {
                _ = stopped.wait_for(|is_stopped| *is_stopped) => return,
                () = sleep(BACKOFF.1) => {}
            }
        }
    }

    /// Delivers until it is stopped, or the sink takes no more or has said so before, and says why in the
    /// latter case.
    pub(crate) async fn until_closed(
        &self,
        ledger: &Ledger,
        mut stopped: watch::Receiver<bool>,
    ) -> Option<Closed> {
        let (name, mut failures) = (&self.relay.subscription, 0);
        loop {
            let mut sink = match self.target.sink(&self.means) {
                Ok(sink) => sink,
                Err(error) => {
                    tracing::error!("relay `{name}` has ended until the next start of this process: {error}");
                    return None;
                }
            };
            let mut asked = stopped.clone();
            let stop = async {
                asked.wait_for(|is_stopped| *is_stopped).await.ok();
                End::Stopped
            };
            let pause = pause_after(failures);
            match relay(ledger, &self.relay, sink.as_mut(), stop).await {
                Ok(End::Stopped | End::UpToDate) => return None,
                Ok(End::Closed(closed)) => return Some(closed),
                Err(error) if error.is_closed() => {
                    return Some(Closed { reason: error.to_string(), is_for_good: true });
                }
                Err(error) => {
                    let seconds = pause.as_secs();
                    tracing::error!("relay `{name}` failed, and is begun again in {seconds} s: {error}");
                }
            }
            failures += 1;
            tokio::select! {
                _ = stopped.wait_for(|is_stopped| *is_stopped) => return None,
                () = sleep(pause) => {}
            }
        }
    }
}
