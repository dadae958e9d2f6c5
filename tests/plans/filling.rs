//! A database as it looks in the middle of its life.

use tokio_postgres::Client;
use uuid::Uuid;

/// 20,000 live sessions and 5,000 ended ones with 4 events each; half of them belong to 4,000 users. Each
/// event has a transaction of its own.
const FILL: &str = "
    create temp table one as
    select n,
           (lpad(to_hex(floor(extract(epoch from now()) * 1000)::bigint - n), 12, '0')
               || substr(md5(n::text), 1, 20))::uuid as session_id,
           case when n % 2 = 0 then 'user ' || n % 8000 end as user_id
      from generate_series(1, 25000) as n;

    insert into session_ledger.session (
        session_id, version, started_at, changed_at, token_hash, head_hash, user_id, state
    )
    select session_id, 4, now(), now(), sha256('token'), sha256('head'), user_id, decode(repeat('ab', 200), 'hex')
      from one
     where n <= 20000
     order by md5(n::text);

    insert into session_ledger.ended_session
    select session_id, 4, now(), now(), now(), null, 'revoked', user_id, sha256('head')
      from one
     where n > 20000;

    insert into session_ledger.activity select session_id, now() from one where n % 3 = 0;

    insert into session_ledger.event (
        transaction_id, session_id, version, event_id, kind, shape, occurred_at, hash, payload
    )
    select (version * 25000 + n)::text::xid8, session_id, version, gen_random_uuid(), 'value_set', 1, now(), sha256('hash'), decode(repeat('cd', 40), 'hex')
      from generate_series(1, 4) as version, one";

/// The ids of a filled database.
pub(crate) struct Filled {
    /// A live session.
    pub(crate) session: Uuid,
    /// The partition that holds all events.
    pub(crate) partition: String,
}

/// Fills an empty database.
pub(crate) async fn fill(client: &Client) -> Filled {
    client.batch_execute(FILL).await.unwrap();
    // As autovacuum leaves them: it looks at no table that is still empty.
    let partition = "select tableoid::regclass::text from session_ledger.event limit 1";
    let partition: String = client.query_one(partition, &[]).await.unwrap().get(0);
    let tables = format!(
        "vacuum analyze session_ledger.session, session_ledger.ended_session, session_ledger.activity, {partition}"
    );
    client.batch_execute(&tables).await.unwrap();
    let session = client.query_one("select session_id from one where n = 4000", &[]).await.unwrap().get(0);
    Filled { session, partition: partition.trim_start_matches("session_ledger.").to_owned() }
}
