//! Who was signed in at a moment, among sessions that lasted seconds and sessions that lasted years.

use std::collections::BTreeSet;

use futures_util::TryStreamExt;
use session_ledger::SessionId;
use session_ledger::session::LoginFilter;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::Scene;

const SIGNED_IN: &str = include_str!("../../src/store/sql/signed_in.sql");

/// Sessions that started in the ten days before now. Each lasted about four times as long as one before it,
/// from a second to years; each ninth is live, each seventh is a visitor's, each fifth has two logins.
const FILL: &str = "
    create temp table one as
    select session_ledger.first_session_id(started_at) as base, n, started_at,
           (left(session_ledger.first_session_id(started_at)::text, 14) || '7' || substr(md5(n::text), 1, 3) || '-8'
                || substr(md5(n::text), 4, 3) || '-' || substr(md5(n::text), 7, 12))::uuid as session_id,
           case when n % 7 > 0 then 'user ' || n % 50 end as user_id,
           case when n % 9 > 0 then started_at + make_interval(secs => 3.97 ^ (n % 14)) end as ended_at
      from generate_series(1, 2000) as n,
           lateral (select now() - interval '10 days' + (n * 7919 % 864000) * interval '1 second' as started_at) as start;
    insert into session_ledger.login_step (session_id, version, occurred_at, kind, user_id, methods, assurance)
    select session_id, version, started_at + version * interval '300 milliseconds', 'logged_in', user_id, '{pwd}', 1
      from one, generate_series(2, case when n % 5 = 0 then 3 else 2 end) as version where user_id is not null;
    insert into session_ledger.session (
        session_id, version, started_at, changed_at, authenticated_at, token_hash, head_hash, user_id, state
    )
    select session_id, 3, started_at, started_at, started_at, sha256(''), sha256(''), user_id, '\\x04'
      from one where ended_at is null;
    insert into session_ledger.ended_session (
        session_id, version, started_at, ended_at, last_seen, reason, user_id, head_hash
    )
    select session_id, 4, started_at, ended_at, started_at, 'logged_out', user_id, sha256('')
      from one where ended_at is not null;
    analyze session_ledger.login_step, session_ledger.session, session_ledger.ended_session";

/// By the view, which joins all logins with all ends.
const BY_VIEW: &str = "select session_id, version from session_ledger.login
    where began_at <= $1 and (ended_at is null or ended_at > $1)";

#[tokio::test]
async fn each_login_that_lasted_is_found_whatever_the_length_of_its_session() {
    let scene = Scene::set().await;
    let client = scene.database.connect().await;
    client.batch_execute(FILL).await.unwrap();
    let now = OffsetDateTime::now_utc();
    for back in [0, 1, 60, 3_600, 40_000, 300_000, 863_000, 864_100] {
        let moment = now - Duration::seconds(back);
        let rows = client.query(BY_VIEW, &[&moment]).await.unwrap();
        let wanted: BTreeSet<(Uuid, i64)> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
        let asked = LoginFilter::all().open_at(moment);
        for limit in [1_000, 7] {
            let (mut found, mut cursor) = (Vec::new(), None);
            loop {
                let page = scene.ledger.logins_page(&asked, cursor.as_deref(), limit).await.unwrap();
                assert!(page.logins.len() <= limit as usize);
                found.extend(page.logins.iter().map(|one| (one.session.as_uuid(), one.version)));
                cursor = page.next;
                if cursor.is_none() {
                    break;
                }
            }
            assert_eq!(found.len(), wanted.len(), "each once");
            assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), wanted, "{back} s ago, pages of {limit}");
        }
        let of_one: Vec<_> = scene.ledger.logins_stream(asked.of_user("user 1")).try_collect().await.unwrap();
        assert!(of_one.iter().all(|one| wanted.contains(&(one.session.as_uuid(), one.version))));
    }
}

/// It went back from the moment through all logins, to find the few among them that had not ended.
#[tokio::test]
async fn at_a_moment_when_few_were_signed_in_few_sessions_are_looked_at() {
    let scene = Scene::set().await;
    let client = scene.database.connect().await;
    let fill = "insert into session_ledger.ended_session (
            session_id, version, started_at, ended_at, last_seen, reason, user_id, head_hash
        )
        select gen_random_uuid(), 4, started_at, started_at + make_interval(secs => 30 + n % 600), started_at,
               'logged_out', 'user', sha256('')
          from generate_series(1, 20000) as n,
               lateral (select now() - interval '1 day' + n * interval '3 seconds' as started_at) as start";
    client.batch_execute(fill).await.unwrap();
    let long = "insert into session_ledger.ended_session (
            session_id, version, started_at, ended_at, last_seen, reason, user_id, head_hash
        )
        values ($1, 4, now() - interval '30 days', now(), now(), 'logged_out', 'alice', sha256(''))";
    let session = SessionId::new(OffsetDateTime::now_utc() - Duration::days(30), [7; 10]).as_uuid();
    client.execute(long, &[&session]).await.unwrap();

    let moment = OffsetDateTime::now_utc() - Duration::HOUR;
    let (first, last) = (OffsetDateTime::UNIX_EPOCH, OffsetDateTime::now_utc());
    let (none, text) = (None::<std::net::IpAddr>, None::<&str>);
    let rows = client
        .query(SIGNED_IN, &[&moment, &moment, &Uuid::max(), &1_000_i64, &first, &last, &none, &none, &text])
        .await
        .unwrap();
    let looked_at: Vec<Uuid> = rows.iter().map(|row| row.get("looked_at")).collect();
    assert_eq!(looked_at, [session]);
}
