//! The steps of logins: written by the appends that hold one, and by no other.

use std::sync::Arc;

use futures_util::future::join_all;
use poem::web::{Data, Path};
use poem::{EndpointExt, Result, Route, get, handler};
use session_ledger::ledger::{End, Finding, RebuildOptions};
use session_ledger::session::{Assurance, EndReason, Policy, SessionId};
use session_ledger::{Ledger, Session, Sessions};
use test_support::{App, COUNT, Database, Visitor, app, key_ring};
use tokio::sync::Barrier;
use tokio_postgres::Client;

use super::population::Population;
use super::{dump_logins, tampering};

/// How many browsers log in together.
const VISITORS: usize = 8;

#[handler]
fn add(session: Session) -> Result<()> {
    Ok(session.update(&COUNT, |count| *count += 1)?)
}

#[handler]
fn login(session: Session, user: Path<String>) -> Result<()> {
    Ok(session.login_with(user.0, &["pwd", "otp"], Assurance::Aal2)?)
}

/// Waits until all have proved who they are, so that they are committed at the same time.
#[handler]
async fn prove_together(session: Session, Data(all): Data<&Arc<Barrier>>) -> Result<()> {
    session.reauthenticate(&["hwk"], Assurance::Aal3)?;
    if session.attempt() == 1 {
        all.wait().await;
    }
    Ok(())
}

#[handler]
fn prove(session: Session) -> Result<()> {
    Ok(session.reauthenticate(&["hwk"], Assurance::Aal3)?)
}

#[handler]
fn act_as(session: Session, user: Path<String>) -> Result<()> {
    Ok(session.impersonate(user.0, "A ticket.")?)
}

#[handler]
fn oneself(session: Session) -> Result<()> {
    Ok(session.end_impersonation()?)
}

#[handler]
fn logout(session: Session) -> Result<()> {
    Ok(session.logout()?)
}

fn shop(ledger: &Ledger) -> App {
    app(Route::new()
        .at("/add", get(add))
        .at("/login/:user", get(login))
        .at("/prove", get(prove))
        .at("/as/:user", get(act_as))
        .at("/oneself", get(oneself))
        .at("/logout", get(logout))
        .with(Sessions::new(ledger.clone(), key_ring())))
}

async fn walk(visitor: &Visitor, paths: &[&str]) {
    for path in paths {
        let answer = visitor.get(path).await;
        assert!(answer.status.is_success(), "{path}: {answer:?}");
    }
}

/// The steps in words: kind, user, actor, methods, assurance, and whether the client is that of the event.
async fn steps(client: &Client) -> Vec<String> {
    let rows = "
        select concat_ws(' ', l.kind, l.user_id, 'by ' || l.actor, nullif(array_to_string(l.methods, '+'), ''), l.assurance)
          from session_ledger.login_step l
          join session_ledger.event e
            on (e.session_id, e.version, e.kind, e.occurred_at) = (l.session_id, l.version, l.kind, l.occurred_at)
           and e.client_ip is not distinct from l.client_ip
           and e.user_agent is not distinct from l.user_agent
         order by e.position";
    client.query(rows, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

#[tokio::test]
async fn each_step_of_a_login_is_a_row_that_says_what_its_event_says() {
    let database = Database::fresh().await;
    let ledger = database.ledger(Policy::default()).await;
    let shop = shop(&ledger);
    let visitor = Visitor::new(&shop);
    walk(&visitor, &["/add", "/login/alice", "/add", "/prove", "/as/bob", "/add", "/oneself", "/logout"])
        .await;
    // A session that begins with a login, and goes on to another user's.
    walk(&visitor, &["/login/carol", "/login/dave"]).await;
    let client = database.connect().await;
    assert_eq!(
        steps(&client).await,
        [
            "logged_in alice pwd+otp 2",
            "reauthenticated alice hwk 3",
            "impersonation_started bob by alice",
            "impersonation_ended alice",
            "logged_in carol pwd+otp 2",
            "logged_in dave pwd+otp 2",
        ]
    );
    assert!(ledger.verify(|_| {}).await.unwrap().is_equal());
}

/// The group's own statement takes no steps: they follow it, in the same trip. A login goes alone, as its
/// user's account is looked at, but a further proof may go with others.
#[tokio::test]
async fn proofs_that_share_a_transaction_each_leave_their_step() {
    let database = Database::fresh().await;
    let ledger = database.ledger(Policy::default()).await;
    let all = Arc::new(Barrier::new(VISITORS));
    let shop = app(Route::new()
        .at("/add", get(add))
        .at("/login/:user", get(login))
        .at("/prove", get(prove_together))
        .data(all)
        .with(Sessions::new(ledger.clone(), key_ring())));
    let visitors: Vec<Visitor> = (0..VISITORS).map(|_| Visitor::new(&shop)).collect();
    for visitor in &visitors {
        walk(visitor, &["/add", "/login/alice"]).await;
    }
    join_all(visitors.iter().map(|visitor| walk(visitor, &["/prove"]))).await;
    let client = database.connect().await;
    assert_eq!(steps(&client).await[VISITORS..], ["reauthenticated alice hwk 3"; VISITORS]);
    let shared = "select count(distinct transaction_id) < count(*) from session_ledger.event where kind = 'reauthenticated'";
    assert!(client.query_one(shared, &[]).await.unwrap().get::<_, bool>(0), "no two proofs were grouped");
    assert!(ledger.verify(|_| {}).await.unwrap().is_equal());
}

#[tokio::test]
async fn an_end_from_outside_says_who_ended_the_session() {
    let database = Database::fresh().await;
    let ledger = database.ledger(Policy::default()).await;
    let shop = shop(&ledger);
    let (alice, bob) = (Visitor::new(&shop), Visitor::new(&shop));
    walk(&alice, &["/login/alice"]).await;
    walk(&bob, &["/login/bob", "/logout"]).await;
    let end = End::because(EndReason::AccountDisabled).by("admin");
    assert_eq!(ledger.end_all(&"alice".into(), end).await.unwrap(), 1);
    let client = database.connect().await;
    let rows = "select user_id, reason, ended_by from session_ledger.ended_session order by user_id";
    let rows = client.query(rows, &[]).await.unwrap();
    let told: Vec<(&str, &str, Option<&str>)> =
        rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect();
    assert_eq!(told, [("alice", "account_disabled", Some("admin")), ("bob", "logged_out", None)]);
    assert!(ledger.verify(|_| {}).await.unwrap().is_equal());
}

/// A step is inserted blindly. So serializable transactions of different sessions, each open while all others
/// write, are no reason for each other to fail.
#[tokio::test]
async fn steps_of_different_sessions_never_conflict() {
    let database = Database::fresh().await;
    let text = include_str!("../../src/store/sql/append_login_step.sql");
    let step = "insert into session_ledger.event (session_id, version, event_id, kind, shape, occurred_at, hash, payload)
        values ($1, 1, gen_random_uuid(), 'logged_in', 1, now(), sha256(''), '')";
    let mut open = Vec::new();
    for nth in 0..8_u8 {
        let client = database.connect().await;
        client.batch_execute("begin isolation level serializable").await.unwrap();
        let id = uuid::Uuid::from_bytes([nth; 16]);
        client.execute(step, &[&id]).await.unwrap();
        let statement = client.prepare(text).await.unwrap();
        let (version, now) = (1_i64, time::OffsetDateTime::now_utc());
        let (kind, user, methods) = ("logged_in", Some("alice"), vec!["pwd"]);
        let (actor, level, ip, agent) = (None::<&str>, Some(1_i16), None::<std::net::IpAddr>, None::<&str>);
        let inserted = client
            .execute(&statement, &[&id, &version, &now, &kind, &user, &actor, &methods, &level, &ip, &agent])
            .await;
        assert_eq!(inserted.unwrap(), 1);
        let locks = "select count(*) from pg_locks where mode = 'SIReadLock' and pid = pg_backend_pid()
            and relation in (select oid from pg_class where relname like '%login_step%')";
        assert_eq!(client.query_one(locks, &[]).await.unwrap().get::<_, i64>(0), 0, "it has read something");
        open.push(client);
    }
    for client in open {
        client.batch_execute("commit").await.unwrap();
    }
}

/// As with an event: a step whose BEGIN was lost must not come alone.
#[tokio::test]
async fn a_step_outside_of_a_transaction_is_not_written() {
    let database = Database::fresh().await;
    let client = database.connect().await;
    let text = include_str!("../../src/store/sql/append_login_step.sql");
    client.batch_execute(&format!("prepare step as {text}")).await.unwrap();
    let step = "execute step(gen_random_uuid(), 1, now(), 'logged_in', 'alice', null, '{pwd}', 1::smallint, null, null)";
    client.batch_execute(step).await.unwrap();
    assert!(dump_logins(&client).await.is_empty());
    client.batch_execute(&format!("begin; select pg_current_xact_id(); {step}; commit")).await.unwrap();
    assert_eq!(dump_logins(&client).await.len(), 1);
}

/// A populated database in which somebody has changed steps of logins.
async fn findings_after(change: impl Fn(&Population) -> String) -> Vec<(SessionId, Finding)> {
    let database = Database::fresh().await;
    let population = Population::settle(&database).await;
    database.connect().await.batch_execute(&change(&population)).await.unwrap();
    let verification = population.ledger.verify(|_| {}).await.unwrap();
    verification.differences.into_iter().map(|one| (one.session, one.finding)).collect()
}

#[tokio::test]
async fn every_column_of_a_step_is_compared() {
    let database = Database::fresh().await;
    let population = Population::settle(&database).await;
    let client = database.connect().await;
    let session = population.session("logged in again");
    let columns = "select column_name::text, data_type::text from information_schema.columns
        where table_schema = 'session_ledger' and table_name = 'login_step' and column_name not in ('session_id', 'version')";
    let columns = client.query(columns, &[]).await.unwrap();
    assert_eq!(columns.len(), 8);
    for row in columns {
        let (column, data_type): (&str, &str) = (row.get(0), row.get(1));
        let other = match data_type {
            "timestamp with time zone" => "timestamptz '2001-01-01 UTC'",
            "inet" => "inet '198.51.100.1'",
            "smallint" => "1",
            "ARRAY" => "'{otp}'",
            _ => "'other'",
        };
        let change = format!(
            "create temp table kept as select * from session_ledger.login_step where session_id = '{session}';
             update session_ledger.login_step set {column} = {other} where session_id = '{session}' and version = 2"
        );
        client.batch_execute(&change).await.unwrap();
        let found = population.ledger.verify(|_| {}).await.unwrap().differences;
        let [one] = &found[..] else { panic!("{column}: {found:?}") };
        assert_eq!(one.session, session);
        assert!(
            matches!(&one.finding, Finding::LoginDiffers { version: 2, column: c, .. } if *c == column),
            "{column}: {}",
            one.finding
        );
        let restore = format!(
            "delete from session_ledger.login_step where session_id = '{session}';
             insert into session_ledger.login_step select * from kept; drop table kept"
        );
        client.batch_execute(&restore).await.unwrap();
    }
    assert!(population.ledger.verify(|_| {}).await.unwrap().is_equal());
}

#[tokio::test]
async fn steps_that_are_missing_too_many_or_ahead_of_the_log_are_named() {
    let told = findings_after(|population| {
        let (again, anonymous) = (population.session("logged in again"), population.session("anonymous"));
        format!(
            "delete from session_ledger.login_step where session_id = '{again}' and version = 2;
             insert into session_ledger.login_step (session_id, version, occurred_at, kind, methods)
             values ('{again}', 3, now(), 'logged_in', '{{}}'), ('{anonymous}', 2, now(), 'logged_in', '{{}}'),
                    ('{anonymous}', 9, now(), 'logged_in', '{{}}'),
                    ('ffffffff-0000-7000-8000-000000000000', 1, now(), 'logged_in', '{{}}'),
                    ('ffffffff-0000-7000-8000-000000000000', 2, now(), 'logged_in', '{{}}')"
        )
    })
    .await;
    let mut words: Vec<String> = told.iter().map(|(_, finding)| finding.to_string()).collect();
    words.sort();
    assert_eq!(
        words,
        [
            "`login_step` holds a step of event 2, but the log makes none",
            "`login_step` holds a step of event 3, but the log makes none",
            "its row in `login_step` knows event 9, but the log ends at 4: events are gone, or the row was changed by \
             hand",
            "the log holds no event of it, but there is a row in `login_step`: its events are gone, or the row was made \
             by hand",
            "the step of a login that event 2 makes is missing from `login_step`",
        ]
    );
}

/// A step follows from its own event, so it is compared though another event of the session cannot be read.
#[tokio::test]
async fn a_session_that_cannot_be_read_as_a_whole_still_has_its_steps_compared() {
    let database = Database::fresh().await;
    let population = Population::settle(&database).await;
    let client = database.connect().await;
    let session = population.session("logged in");
    tampering::overwrite(&client, session, "payload = '\\xff' where version = 2").await;
    let change =
        format!("update session_ledger.login_step set user_id = 'eve' where session_id = '{session}'");
    client.batch_execute(&change).await.unwrap();
    let found = population.ledger.verify(|_| {}).await.unwrap().differences;
    let words: Vec<String> = found.iter().map(|one| one.finding.to_string()).collect();
    assert!(
        words.contains(&"`login_step.user_id` of event 3 holds eve, the log makes it alice".to_owned()),
        "{words:?}"
    );
}

/// The row that would tell of them is gone, too.
#[tokio::test]
async fn a_rebuild_does_not_lose_steps_that_the_log_lacks() {
    let database = Database::fresh().await;
    let population = Population::settle(&database).await;
    let client = database.connect().await;
    let session = population.session("logged in");
    let delete = format!(
        "begin; set local session_replication_role = replica;
         delete from session_ledger.event where session_id = '{session}';
         delete from session_ledger.session where session_id = '{session}'; commit"
    );
    client.batch_execute(&delete).await.unwrap();
    let before = dump_logins(&client).await;
    let options = RebuildOptions::default().while_connected();
    let refused = population.ledger.rebuild(options, |_| {}).await.unwrap_err();
    assert!(
        refused.to_string().starts_with(&format!(
            "the log lacks the events of 1 rows, so nothing was rebuilt, as these rows would be lost: session {session} \
             (version 3 in `login_step`)"
        )),
        "{refused}"
    );
    assert_eq!(dump_logins(&client).await, before);
}
