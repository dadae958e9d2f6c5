//! The share of updates of `session` that left its indexes alone.

use std::time::{Duration, Instant};

use crate::Result;
use crate::clients::Pick;
use crate::scene::{COOKIE, Scene};

/// A connection that has become idle reports its counts after ten seconds at the latest.
const PATIENCE: Duration = Duration::from_secs(12);

/// The counts at a moment.
#[derive(Clone, Copy)]
pub(crate) struct Updates {
    all: i64,
    hot: i64,
}

impl Updates {
    pub(crate) async fn read(scene: &Scene) -> Result<Self> {
        let counts = "select n_tup_upd, n_tup_hot_upd from pg_stat_user_tables
            where relid = 'session_ledger.session'::regclass";
        let row = scene.client.query_one(counts, &[]).await?;
        Ok(Self { all: row.try_get(0)?, hot: row.try_get(1)? })
    }

    /// The share since then, once the counts include `expected` updates. A connection reports its counts
    /// behind a statement, at most once a second, so each connection is given one.
    pub(crate) async fn hot_percent_since(self, scene: &Scene, pick: &Pick, expected: u64) -> Result<f64> {
        let begun = Instant::now();
        loop {
            tokio::time::sleep(Duration::from_millis(300)).await;
            for _ in 0..16 {
                let visitor = scene.visitor();
                visitor.put_cookie(COOKIE, scene.token(pick())?);
                visitor.get("/read").await;
            }
            let now = Self::read(scene).await?;
            let (all, hot) = (now.all - self.all, now.hot - self.hot);
            if all.unsigned_abs() >= expected || begun.elapsed() > PATIENCE {
                return Ok(hot as f64 * 100.0 / all.max(1) as f64);
            }
        }
    }
}
