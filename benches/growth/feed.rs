//! A subscription that has caught up, at the tip of the log.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bench_report::median;
use futures_util::future::join_all;

use crate::Result;
use crate::clients::Pick;
use crate::cost;
use crate::scene::{COOKIE, Scene};

/// The number of events in a batch.
const BATCH: u32 = 100;
/// The number of events that are written at once.
const AT_ONCE: u32 = 10;
const NAME: &str = "growth";

/// Milliseconds of each batch in all rounds, and pages.
#[derive(Default)]
pub(crate) struct Tip {
    full: Vec<f64>,
    empty: Vec<f64>,
    pub(crate) failed: u64,
}

impl Tip {
    /// Milliseconds for a batch of 100 events.
    pub(crate) fn full(&self) -> f64 {
        median(&self.full)
    }

    /// Milliseconds to find nothing new.
    pub(crate) fn empty(&self) -> f64 {
        median(&self.empty)
    }

    /// Writes and follows for `time`.
    pub(crate) async fn add_slice(&mut self, scene: &Arc<Scene>, pick: &Pick, time: Duration) -> Result<()> {
        let mut subscription = scene.ledger.subscription(NAME, "bench").await?;
        move_to_tip(scene).await?;
        let end = Instant::now() + time;
        while self.full.is_empty() || Instant::now() < end {
            let asked = Instant::now();
            let none = subscription.next_batch(BATCH).await?;
            self.empty.push(milliseconds(asked));
            self.failed += none.events.len() as u64;
            self.failed += write(scene, pick).await?;
            let asked = Instant::now();
            let batch = subscription.next_batch(BATCH).await?;
            self.full.push(milliseconds(asked));
            self.failed += u64::from(BATCH).abs_diff(batch.events.len() as u64);
            subscription.checkpoint(batch).await?;
        }
        Ok(subscription.release().await?)
    }
}

/// Pages looked at for a batch of 100 events.
pub(crate) async fn buffers(scene: &Arc<Scene>, pick: &Pick) -> Result<f64> {
    let subscription = scene.ledger.subscription(NAME, "bench").await?;
    move_to_tip(scene).await?;
    write(scene, pick).await?;
    let buffers = cost::of_a_batch(scene, NAME, BATCH.into()).await?;
    subscription.release().await?;
    Ok(buffers)
}

/// Catches up, unmeasured: from the beginning of the log that would take long.
async fn move_to_tip(scene: &Scene) -> Result<()> {
    let skip = "update session_ledger.subscription set cursor = pg_current_snapshot() where name = $1";
    scene.client.execute(skip, &[&NAME]).await?;
    Ok(())
}

/// Appends the events of one batch, each by a request of its own. Returns the number of failures.
async fn write(scene: &Arc<Scene>, pick: &Pick) -> Result<u64> {
    let mut failed = 0;
    for _ in 0..BATCH / AT_ONCE {
        let requests = (0..AT_ONCE).map(|_| async {
            let visitor = scene.visitor();
            visitor.put_cookie(COOKIE, scene.token(pick())?);
            Ok::<_, crate::Failure>(visitor.post("/write", "").await.status == 200)
        });
        for went_well in join_all(requests).await {
            failed += u64::from(!went_well?);
        }
    }
    Ok(failed)
}

fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1_000.0
}
