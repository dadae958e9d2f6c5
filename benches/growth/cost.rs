//! The cost of the library's statements by the server's own counts, which have no noise as times have.

use bench_report::median;
use serde_json::Value;
use tokio_postgres::{Client, SimpleQueryMessage};

use crate::Result;
use crate::clients::Pick;
use crate::scene::Scene;

const LOAD: &str = include_str!("../../src/store/sql/load.sql");
const APPEND: &str = include_str!("../../src/store/sql/append.sql");
const FEED_CURSOR: &str = include_str!("../../src/store/sql/feed_cursor.sql");
const FEED_EVENTS: &str = include_str!("../../src/store/sql/feed_events.sql");

/// The number of sessions that are looked at, and of those before them that fill the connection's catalogue
/// caches.
const SAMPLES: usize = 41;
const WARMING: usize = 5;

/// One statement.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cost {
    /// Pages looked at, wherever they were.
    pub(crate) buffers: f64,
    /// Of those, pages that the server had to ask the operating system for.
    pub(crate) fetched: f64,
    /// Bytes of WAL.
    pub(crate) wal_bytes: f64,
}

/// The server's work for a request; medians unless said otherwise.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RequestCost {
    pub(crate) load: f64,
    /// Pages of a load that were not in the server's own cache; the mean.
    pub(crate) load_fetched: f64,
    pub(crate) append: f64,
    /// WAL of an append to a session that was appended to a moment before, so that no page is written whole.
    pub(crate) append_wal: f64,
}

/// Looks at sessions in order. Each append is rolled back.
pub(crate) async fn of_requests(scene: &Scene, pick: &Pick) -> Result<RequestCost> {
    let client = connect(scene).await?;
    client.batch_execute(&format!("prepare load as {LOAD}; prepare append as {APPEND}")).await?;
    let (mut loads, mut appends, mut wals) = (Vec::new(), Vec::new(), Vec::new());
    let mut fetched = 0.0;
    for nth in 0..WARMING + SAMPLES {
        let session = pick();
        let load = explain(&client, &format!("load('{session}', false)")).await?;
        let append = explain_append(&client, session).await?;
        let again = explain_append(&client, session).await?;
        if nth >= WARMING {
            loads.push(load.buffers);
            fetched += load.fetched;
            appends.push(append.buffers);
            wals.push(again.wal_bytes);
        }
    }
    Ok(RequestCost {
        load: median(&loads),
        load_fetched: fetched / SAMPLES as f64,
        append: median(&appends),
        append_wal: median(&wals),
    })
}

/// Pages for finding and reading the next `limit` events of a subscription.
pub(crate) async fn of_a_batch(scene: &Scene, name: &str, limit: i64) -> Result<f64> {
    let client = connect(scene).await?;
    let prepare = format!("prepare feed_cursor as {FEED_CURSOR}; prepare feed_events as {FEED_EVENTS}");
    client.batch_execute(&prepare).await?;
    let between = "select lease_holder, fence, cursor::text, pg_current_snapshot()::text
                     from session_ledger.subscription where name = $1";
    let row = client.query_one(between, &[&name]).await?;
    let (holder, fence): (String, i64) = (row.try_get(0)?, row.try_get(1)?);
    let (cursor, now): (String, String) = (row.try_get(2)?, row.try_get(3)?);
    let mut buffers = 0.0;
    for _ in 0..WARMING {
        let find = explain(&client, &format!("feed_cursor('{name}', '{holder}', {fence})")).await?;
        let read =
            explain(&client, &format!("feed_events('{cursor}', '{now}', {limit}, session_ledger.epoch())"))
                .await?;
        buffers = find.buffers + read.buffers;
    }
    Ok(buffers)
}

/// As the library's connections do after a few runs: with the plan that is kept for all arguments.
async fn connect(scene: &Scene) -> Result<Client> {
    let client = scene.database.connect().await;
    client.batch_execute("set plan_cache_mode = force_generic_plan").await?;
    Ok(client)
}

async fn explain_append(client: &Client, session: session_ledger::SessionId) -> Result<Cost> {
    let arguments = client.query_one(include_str!("sql/append_arguments.sql"), &[&session.as_uuid()]).await?;
    let arguments: &str = arguments.try_get(0)?;
    client.batch_execute("begin isolation level serializable").await?;
    let cost = explain(client, &format!("append({arguments}, null, null)")).await;
    client.batch_execute("rollback").await?;
    cost
}

async fn explain(client: &Client, call: &str) -> Result<Cost> {
    let explain = format!("explain (analyze, buffers, wal, timing off, format json) execute {call}");
    let told = client.simple_query(&explain).await?;
    let text: String = told.iter().filter_map(line).collect::<Vec<_>>().join("\n");
    let plan = &serde_json::from_str::<Value>(&text)?[0]["Plan"];
    let count = |name: &str| plan[name].as_f64().ok_or_else(|| format!("the plan has no {name}: {text}"));
    Ok(Cost {
        buffers: count("Shared Hit Blocks")? + count("Shared Read Blocks")?,
        fetched: count("Shared Read Blocks")?,
        wal_bytes: count("WAL Bytes")?,
    })
}

fn line(message: &SimpleQueryMessage) -> Option<&str> {
    match message {
        SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    }
}
