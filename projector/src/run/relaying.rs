//! A relay of `projector run`.

use session_ledger::Ledger;
use tokio::sync::watch;
use tokio::time::sleep;

use super::pause_after;
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
    /// Delivers until it is stopped, or the sink takes no more, and says why in the latter case.
    pub(crate) async fn keep_on(self, ledger: Ledger, mut stopped: watch::Receiver<bool>) -> Option<String> {
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
            match relay(&ledger, &self.relay, sink.as_mut(), stop).await {
                Ok(End::Stopped | End::UpToDate) => return None,
                Ok(End::Closed(reason)) => return Some(reason),
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
