//! A log that a few large transactions have written, as an import does: how the feed finds its next events.

use test_support::Database;
use tokio_postgres::Client;

use super::statement;

/// Five transactions that have written 12,000 events each, with ids that the server has not come to yet.
const FILL: &str = "
    insert into session_ledger.event (
        transaction_id, session_id, version, event_id, kind, shape, occurred_at, hash, payload
    )
    select (1000000 + id)::text::xid8,
           (lpad(to_hex(floor(extract(epoch from now()) * 1000)::bigint - (n * 37) % 60000), 12, '0')
               || substr(md5((n + id * 1000000)::text), 1, 20))::uuid,
           1, gen_random_uuid(), 'value_set', 1, now(), sha256('hash'), decode(repeat('cd', 40), 'hex')
      from generate_series(1, 5) as id, generate_series(1, 12000) as n
     order by id, n";

/// How many pages a batch at the tip of the log may look at: a few of each partition's index.
const PAGES_MAX: i64 = 150;

/// PostgreSQL reckons how many events each transaction has written. Here it took that for so many that it
/// read the whole index for transactions that had run at the last batch, of which there were none.
#[tokio::test]
async fn a_batch_at_the_tip_is_found_however_many_events_a_transaction_has_written() {
    let database = Database::fresh().await;
    let client = database.connect().await;
    client.batch_execute(FILL).await.unwrap();
    client.batch_execute("vacuum analyze session_ledger.event").await.unwrap();
    let index = "select sum(pg_relation_size(indexrelid)) / 8192
                   from pg_index where indexrelid::regclass::text like '%epoch_transaction_id%'";
    let pages: i64 = client.query_one(&format!("select ({index})::bigint"), &[]).await.unwrap().get(0);
    client.batch_execute(&format!("prepare batch as {}", statement("feed_events.sql"))).await.unwrap();
    let snapshots = [
        ("nothing new", "1000006:1000006:", "1000009:1000009:"),
        ("nothing new, others running", "1000006:1000020:1000006,1000007", "1000006:1000030:1000006,1000008"),
        ("nothing new, some ended", "1000006:1000020:1000006,1000007,1000010", "1000030:1000030:"),
    ];
    for mode in ["force_generic_plan", "force_custom_plan"] {
        client.batch_execute(&format!("set plan_cache_mode = {mode}")).await.unwrap();
        for (what, old, new) in snapshots {
            let looked_at = pages_of(&client, &format!("batch('{old}', '{new}', 100, 1)")).await;
            assert!(looked_at <= PAGES_MAX, "{what}, {mode}: {looked_at} pages, of an index of {pages}");
        }
        let some = pages_of(&client, "batch('1000001:1000006:1000001', '1000006:1000006:', 100, 1)").await;
        assert!(some > 200, "a transaction comes as a whole: {some} pages");
    }
}

/// How many pages the statement looks at.
async fn pages_of(client: &Client, execute: &str) -> i64 {
    let explain = format!("explain (analyze, buffers, costs off, timing off, summary off) execute {execute}");
    let told = client.simple_query(&explain).await.unwrap();
    let lines = told.iter().filter_map(|message| match message {
        tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    });
    let buffers =
        lines.map(str::trim_start).find(|line| line.starts_with("Buffers: shared")).unwrap_or_default();
    let counts = buffers.split(' ').filter_map(|part| part.split_once('='));
    let looked_at = counts.filter(|(what, _)| matches!(*what, "hit" | "read"));
    looked_at.filter_map(|(_, count)| count.parse::<i64>().ok()).sum()
}
