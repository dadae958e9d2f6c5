//! Every role beside every deed: what is not granted is refused, and what is granted works.

use test_support::Database;
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use super::{ANALYST, AUDITOR, OPERATOR, RELAY, RUNTIME, connect, visit};

const ROLES: [&str; 5] = [RUNTIME, RELAY, AUDITOR, ANALYST, OPERATOR];

/// Deeds, and who may do them. Each is tried alone and taken back.
const DEEDS: &[(&str, &[&str])] = &[
    // The log.
    ("select * from session_ledger.event", &[RUNTIME, RELAY, AUDITOR, OPERATOR]),
    (
        "insert into session_ledger.event (session_id, version, event_id, kind, shape, occurred_at, hash, payload)
         values (gen_random_uuid(), 1, gen_random_uuid(), 'cleared', 1, now(), sha256(''), '')",
        &[RUNTIME],
    ),
    (
        "insert into session_ledger.event
                (session_id, version, event_id, kind, shape, occurred_at, hash, payload, recorded_at)
         values (gen_random_uuid(), 1, gen_random_uuid(), 'cleared', 1, now(), sha256(''), '', now())",
        &[],
    ),
    (
        "insert into session_ledger.event
                (session_id, version, event_id, kind, shape, occurred_at, hash, payload, position)
         values (gen_random_uuid(), 1, gen_random_uuid(), 'cleared', 1, now(), sha256(''), '', 1)",
        &[],
    ),
    (
        "insert into session_ledger.event
                (session_id, version, event_id, kind, shape, occurred_at, hash, payload, transaction_id)
         values (gen_random_uuid(), 1, gen_random_uuid(), 'cleared', 1, now(), sha256(''), '', pg_current_xact_id())",
        &[],
    ),
    (
        "insert into session_ledger.event
                (session_id, version, event_id, kind, shape, occurred_at, hash, payload, epoch)
         values (gen_random_uuid(), 1, gen_random_uuid(), 'cleared', 1, now(), sha256(''), '', 2)",
        &[],
    ),
    (
        "insert into session_ledger.event_otherwise
                (session_id, version, event_id, kind, shape, occurred_at, hash, payload)
         values (gen_random_uuid(), 1, gen_random_uuid(), 'cleared', 1, now(), sha256(''), '')",
        &[],
    ),
    ("update session_ledger.event set user_id = 'mallory'", &[]),
    ("update session_ledger.event set client_ip = null, user_agent = null, client_proof = null where false", &[OPERATOR]),
    ("select session_ledger.client_digest('', null, null)", &[RUNTIME, RELAY, AUDITOR, ANALYST, OPERATOR]),
    ("delete from session_ledger.event", &[]),
    ("delete from session_ledger.event_otherwise", &[]),
    ("truncate session_ledger.event", &[]),
    ("drop table session_ledger.event_otherwise", &[]),
    ("alter table session_ledger.event detach partition session_ledger.event_otherwise", &[]),
    ("alter table session_ledger.event disable trigger all", &[]),
    ("drop trigger an_event_is_never_changed on session_ledger.event", &[]),
    ("set session_replication_role = replica", &[]),
    ("select setval('session_ledger.event_position', 1)", &[]),
    ("select nextval('session_ledger.event_position')", &[RUNTIME]),
    ("select last_value from session_ledger.event_position", &[AUDITOR]),
    // The epoch.
    ("select session_ledger.epoch()", &[RUNTIME, RELAY, AUDITOR, ANALYST, OPERATOR]),
    ("select session_ledger.raise_epoch()", &[]),
    // Provenance.
    (
        "select session_ledger.current_session(), session_ledger.current_user_id(), session_ledger.current_actor_id()",
        &[RUNTIME, RELAY, AUDITOR, ANALYST, OPERATOR],
    ),
    // The live sessions.
    ("select * from session_ledger.session", &[RUNTIME, AUDITOR, OPERATOR]),
    ("update session_ledger.session set user_id = 'mallory'", &[RUNTIME, OPERATOR]),
    ("update session_ledger.session set token_hash = sha256('mine')", &[RUNTIME, OPERATOR]),
    (
        "insert into session_ledger.session (session_id, version, started_at, changed_at, token_hash, head_hash, state)
         values (gen_random_uuid(), 1, now(), now(), sha256(''), sha256(''), '')",
        &[RUNTIME, OPERATOR],
    ),
    ("delete from session_ledger.session", &[RUNTIME, OPERATOR]),
    ("truncate session_ledger.session", &[OPERATOR]),
    ("lock table session_ledger.session in access exclusive mode", &[RUNTIME, OPERATOR]),
    ("select from session_ledger.session for update", &[RUNTIME, OPERATOR]),
    // The ended ones.
    ("select * from session_ledger.ended_session", &[RUNTIME, AUDITOR, OPERATOR]),
    (
        "insert into session_ledger.ended_session
         values (gen_random_uuid(), 1, now(), now(), now(), null, 'revoked', null, '')",
        &[RUNTIME, OPERATOR],
    ),
    ("update session_ledger.ended_session set reason = 'revoked'", &[]),
    ("update session_ledger.ended_session set client_ip = null, user_agent = ''", &[OPERATOR]),
    ("delete from session_ledger.ended_session", &[OPERATOR]),
    ("truncate session_ledger.ended_session", &[OPERATOR]),
    // The steps of logins.
    ("select * from session_ledger.login_step", &[RUNTIME, AUDITOR, OPERATOR]),
    (
        "insert into session_ledger.login_step (session_id, version, occurred_at, kind, methods)
         values (gen_random_uuid(), 1, now(), 'logged_in', '{}')",
        &[RUNTIME, OPERATOR],
    ),
    ("update session_ledger.login_step set user_id = 'mallory'", &[]),
    ("update session_ledger.login_step set client_ip = null, user_agent = ''", &[OPERATOR]),
    ("delete from session_ledger.login_step", &[OPERATOR]),
    ("truncate session_ledger.login_step", &[OPERATOR]),
    // What a rebuild puts beside them.
    ("select * from session_ledger.rebuilt_session", &[OPERATOR]),
    ("delete from session_ledger.rebuilt_ended_session", &[OPERATOR]),
    ("truncate session_ledger.rebuilt_login_step", &[OPERATOR]),
    // The views.
    ("select * from session_ledger.login", &[RUNTIME, AUDITOR, ANALYST]),
    (
        "select * from session_ledger.login, session_ledger.impersonation, session_ledger.live_session",
        &[AUDITOR, ANALYST],
    ),
    ("select * from session_ledger.session_end, session_ledger.session_event", &[AUDITOR, ANALYST]),
    ("delete from session_ledger.session_end", &[]),
    // Activity.
    ("select * from session_ledger.activity", &[RUNTIME, AUDITOR, OPERATOR]),
    ("update session_ledger.activity set last_seen = now()", &[RUNTIME]),
    ("delete from session_ledger.activity", &[OPERATOR]),
    // The count of seals.
    ("select * from session_ledger.seal_count", &[RUNTIME, AUDITOR]),
    ("insert into session_ledger.seal_count values ('0a0b0c0d', 1, now())", &[RUNTIME]),
    ("update session_ledger.seal_count set sealed = 1", &[RUNTIME]),
    ("delete from session_ledger.seal_count", &[]),
    // Gates and disabled accounts.
    ("select * from session_ledger.login_gate", &[RUNTIME]),
    ("update session_ledger.login_gate set passed = passed + 1", &[RUNTIME]),
    ("delete from session_ledger.login_gate", &[]),
    ("select session_ledger.place_gates()", &[]),
    ("select * from session_ledger.disabled_account", &[RUNTIME, AUDITOR]),
    ("insert into session_ledger.disabled_account (user_id) values ('mallory')", &[RUNTIME]),
    ("update session_ledger.disabled_account set disabled_by = 'mallory'", &[]),
    ("delete from session_ledger.disabled_account", &[RUNTIME]),
    // Failed logins. Nobody says when one was, and nobody takes one back.
    ("select * from session_ledger.failed_login", &[RUNTIME, AUDITOR, OPERATOR]),
    ("select * from session_ledger.login_failure", &[AUDITOR, ANALYST]),
    (
        "insert into session_ledger.failed_login (event_id, user_id, reason) values (gen_random_uuid(), 'eve', 'locked')
             on conflict (event_id) do nothing",
        &[RUNTIME],
    ),
    (
        "insert into session_ledger.failed_login (event_id, reason, failed_at) values (gen_random_uuid(), 'locked', now())",
        &[],
    ),
    ("update session_ledger.failed_login set user_id = 'mallory'", &[]),
    ("update session_ledger.failed_login set client_ip = null, user_agent = null", &[OPERATOR]),
    ("delete from session_ledger.failed_login", &[OPERATOR]),
    ("truncate session_ledger.failed_login", &[]),
    // Subscriptions.
    ("select * from session_ledger.subscription", &[RELAY, AUDITOR, OPERATOR]),
    (
        "insert into session_ledger.subscription (name, cursor) values ('another', '3:3:')",
        &[RELAY],
    ),
    ("update session_ledger.subscription set cursor = '9:9:', moved_at = now()", &[RELAY]),
    ("update session_ledger.subscription set name = 'stolen'", &[]),
    ("delete from session_ledger.subscription", &[OPERATOR]),
    // Projections of applications.
    ("select * from session_ledger.projection", &[RELAY, AUDITOR]),
    (
        "insert into session_ledger.projection (name, replays_until, epoch)
         select name, cursor, epoch from session_ledger.subscription where name = 'nobody'",
        &[RELAY],
    ),
    ("update session_ledger.projection set replays_until = '3:3:'", &[]),
    ("delete from session_ledger.projection", &[]),
    ("select session_ledger.stage_projection('none')", &[RUNTIME, RELAY, AUDITOR, ANALYST, OPERATOR]),
    ("update session_ledger.subscription set kinds = '{logged_in}', notes = '{}', users = '{}'", &[RELAY]),
    ("update session_ledger.subscription set closed_at = now(), closed_reason = 'gone'", &[RELAY]),
    ("update session_ledger.subscription set archived = 7", &[]),
    // What waits behind a refusal.
    ("select * from session_ledger.dead_letter, session_ledger.parked_session", &[RELAY, AUDITOR, OPERATOR]),
    ("update session_ledger.dead_letter set skipped_at = now()", &[RELAY]),
    ("update session_ledger.parked_session set is_due = true", &[RELAY]),
    ("delete from session_ledger.dead_letter", &[RELAY]),
    ("delete from session_ledger.parked_session", &[RELAY]),
    // Archived months.
    ("select * from session_ledger.archived_partition", &[RUNTIME, RELAY, AUDITOR, OPERATOR]),
    ("select session_ledger.is_archived(gen_random_uuid())", &[RUNTIME, RELAY, AUDITOR, OPERATOR]),
    ("delete from session_ledger.archived_partition", &[]),
    (
        "insert into session_ledger.archived_partition (partition, first_id, end_id, events, sessions, file_hash)
         values ('event_2025_01', gen_random_uuid(), gen_random_uuid(), 1, 1, sha256(''))",
        &[],
    ),
    (
        "select session_ledger.drop_event_partition(
                    'event_otherwise', gen_random_uuid(), gen_random_uuid(), 0, 0, sha256(''))",
        &[],
    ),
    // The leases of jobs.
    ("select * from session_ledger.job_lease", &[RUNTIME, AUDITOR, OPERATOR]),
    ("insert into session_ledger.job_lease (job) values ('mine')", &[RUNTIME, OPERATOR]),
    ("update session_ledger.job_lease set holder = 'mine'", &[RUNTIME, OPERATOR]),
    ("delete from session_ledger.job_lease", &[]),
    // Streams of Shared Signals.
    ("select * from session_ledger.signal_stream", &[RELAY, AUDITOR]),
    (
        "with made as (
             insert into session_ledger.subscription (name, cursor) values ('stream', '3:3:') returning name
         )
         insert into session_ledger.signal_stream (name, receiver, document) select name, 'forum', '{}' from made",
        &[RELAY],
    ),
    ("update session_ledger.signal_stream set document = '{}', revision = 2", &[RELAY]),
    ("update session_ledger.signal_stream set receiver = 'mallory'", &[]),
    ("delete from session_ledger.signal_stream", &[]),
    ("select session_ledger.drop_signal_stream('stream', 'forum')", &[RELAY]),
    // The schema.
    ("select * from session_ledger.migration", &[RUNTIME, RELAY, AUDITOR, OPERATOR]),
    ("update session_ledger.migration set version = 1", &[]),
    ("create table session_ledger.mine ()", &[]),
    ("create function session_ledger.mine() returns int language sql return 1", &[]),
    (
        "create or replace function session_ledger.clock() returns timestamptz language sql as 'select now()'",
        &[],
    ),
    ("select session_ledger.make_event_partition(now() + interval '3 years')", &[]),
    ("drop schema session_ledger cascade", &[]),
];

#[tokio::test]
async fn a_role_can_do_what_its_duty_needs_and_nothing_else() {
    let database = Database::fresh().await;
    visit(&database).await;
    let mut wrong = Vec::new();
    for role in ROLES {
        let client = connect(&database, role).await;
        for (deed, allowed) in DEEDS {
            let told = match attempt(&client, deed).await {
                Ok(()) if allowed.contains(&role) => continue,
                Ok(()) => "can do it".to_owned(),
                Err(SqlState::INSUFFICIENT_PRIVILEGE) if !allowed.contains(&role) => continue,
                Err(code) => format!("is answered {}", code.code()),
            };
            wrong.push(format!("{role} {told}: {deed}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// A role that is granted none of ours sees nothing at all.
#[tokio::test]
async fn a_stranger_can_do_nothing() {
    let database = Database::fresh().await;
    visit(&database).await;
    let stranger = connect(&database, "pg_checkpoint").await;
    for (deed, _) in DEEDS {
        let refused = attempt(&stranger, deed).await;
        assert_eq!(refused, Err(SqlState::INSUFFICIENT_PRIVILEGE), "{deed}");
    }
}

async fn attempt(client: &Client, deed: &str) -> Result<(), SqlState> {
    client.batch_execute("begin").await.unwrap();
    let done = client.batch_execute(deed).await.map_err(|error| error.code().unwrap().clone());
    client.batch_execute("rollback").await.unwrap();
    done
}
