//! The key ring of a running application: another takes its place, and its seals are recorded.

use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;

use super::Incident;
use super::shared::Shared;
use crate::ledger::Error;
use crate::telemetry;
use crate::token::{KeyProvider, KeyRing, KeyRingRefused, Reloaded, SealsToRecord};

/// The least time between two looks at a provider.
const PAUSE: Duration = Duration::from_millis(1);

impl Shared {
    /// Puts another key ring in place of the present one, for requests that begin from now on.
    pub(crate) fn reload_keys(&self, ring: &KeyRing) -> Result<(), KeyRingRefused> {
        let reloaded = ring.check(OffsetDateTime::now_utc()).and_then(|()| self.sealer.reload(ring));
        let reloaded = reloaded.inspect_err(|refused| self.key_ring_refused(refused))?;
        if let Reloaded::Taken(concerns) = reloaded {
            telemetry::key_ring("taken");
            tracing::info!(keys = ?self.sealer.states(), "a new key ring is in use");
            concerns.iter().for_each(|concern| tracing::warn!("{concern}"));
        }
        Ok(())
    }

    /// Takes the key rings of a provider, until the application is gone.
    pub(crate) fn follow_keys(self: &Arc<Self>, mut provider: impl KeyProvider) {
        let shared = Arc::downgrade(self);
        tokio::spawn(async move {
            loop {
                provider.changed().await;
                // A provider that never waits must not take a processor for itself.
                tokio::time::sleep(PAUSE).await;
                let ring = provider.key_ring().await;
                let Some(shared) = shared.upgrade() else { return };
                match ring {
                    // A refusal is told where it is found.
                    Ok(ring) => drop(shared.reload_keys(&ring)),
                    Err(error) => shared.key_ring_refused(&error),
                }
            }
        });
    }

    /// Makes sure that a key opens nothing once its time is over. A ring without such a time asks no clock.
    pub(super) fn heed_ends_of_keys(&self) {
        if !self.sealer.has_ends() {
            return;
        }
        for key_id in self.sealer.heed(OffsetDateTime::now_utc()) {
            tracing::warn!(%key_id, "the time of the key is over: whoever it has signed in signs in again");
        }
    }

    fn key_ring_refused(&self, why: &dyn std::error::Error) {
        telemetry::key_ring("refused");
        self.report(&Incident::KeyRingRefused { problem: why.to_string() });
    }

    /// Records seals ahead, if it is time to. Nobody waits for it.
    pub(super) fn record_seals(self: &Arc<Self>) {
        if let Some(asked) = self.sealer.to_record() {
            let shared = Arc::clone(self);
            tokio::spawn(async move { shared.record(asked).await });
        }
    }

    async fn record(&self, asked: SealsToRecord) {
        let key_id = asked.key_id;
        let all: Result<Option<u64>, Error> =
            self.ledger.record_seals(&key_id.to_string(), asked.seals).await;
        match &all {
            Ok(Some(all)) => telemetry::seals(&key_id, *all),
            Ok(None) => {
                tracing::error!(%key_id, "the key has sealed as many tokens as it may: promote another")
            }
            Err(error) => tracing::warn!(%key_id, %error, "the seals of a key were not recorded"),
        }
        self.sealer.record(asked, &all);
    }
}
