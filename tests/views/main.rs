//! The views for people who ask with SQL, read in the role that may read them and nothing else.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod plans;

use poem::web::Path;
use poem::{EndpointExt, Result, Route, get, handler};
use session_ledger::ledger::End;
use session_ledger::session::{Assurance, EndReason, Policy};
use session_ledger::{Ledger, Session, Sessions};
use test_support::{App, COUNT, Database, Visitor, app, key_ring};
use tokio_postgres::{Client, NoTls};

/// The views, each with how many columns it has.
const VIEWS: [(&str, usize); 6] = [
    ("impersonation", 8),
    ("live_session", 11),
    ("login", 13),
    ("login_failure", 8),
    ("session_end", 11),
    ("session_event", 14),
];

#[handler]
fn add(session: Session) -> Result<()> {
    Ok(session.update(&COUNT, |count| *count += 1)?)
}

#[handler]
fn login(session: Session, user: Path<String>) -> Result<()> {
    Ok(session.login_with(user.0, &["pwd", "otp"], Assurance::Aal2)?)
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
        .at("/as/:user", get(act_as))
        .at("/oneself", get(oneself))
        .at("/logout", get(logout))
        .with(Sessions::new(ledger.clone(), key_ring())))
}

async fn walk(visitor: &Visitor, paths: &[&str]) {
    for path in paths {
        assert!(visitor.get(path).await.status.is_success(), "{path}");
    }
}

/// Connects as somebody who makes reports.
async fn analyst(database: &Database) -> Client {
    connect(database, "session_ledger_analyst").await
}

/// Connects with the rights of `role` alone.
async fn connect(database: &Database, role: &str) -> Client {
    let mut config = database.config();
    config.options(format!("-c role={role}"));
    let (client, connection) = config.connect(NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// The rows of a question that answers with one text each.
async fn ask(client: &Client, question: &str) -> Vec<String> {
    client.query(question, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

const LOGINS: &str = "
    select concat_ws(' ', user_id, array_to_string(methods, '+'), assurance, end_reason, 'by ' || ended_by,
                     case when ended_at >= began_at then 'over' when ended_at is null then 'open' end)
      from session_ledger.login
     order by began_at, version";

#[tokio::test]
async fn each_login_says_until_when_it_lasted_and_why_it_ended() {
    let database = Database::fresh().await;
    let ledger = database.ledger(Policy::default()).await;
    let shop = shop(&ledger);
    let (one, two, three) = (Visitor::new(&shop), Visitor::new(&shop), Visitor::new(&shop));
    walk(&one, &["/add", "/login/alice", "/login/alice", "/logout"]).await;
    walk(&two, &["/login/bob", "/login/carol"]).await;
    walk(&three, &["/login/dave"]).await;
    ledger.end_all(&"dave".into(), End::because(EndReason::Revoked).by("admin")).await.unwrap();
    let analyst = analyst(&database).await;
    assert_eq!(
        ask(&analyst, LOGINS).await,
        [
            "alice pwd+otp 2 logged_in_again over",
            "alice pwd+otp 2 logged_out over",
            "bob pwd+otp 2 user_switched over",
            "carol pwd+otp 2 open",
            "dave pwd+otp 2 revoked by admin over",
        ]
    );
    let ends = "select concat_ws(' ', user_id, reason, ended_by, noticed_at is not null) from session_ledger.session_end
         order by ended_at";
    assert_eq!(
        ask(&analyst, ends).await,
        ["alice logged_out t", "bob user_switched t", "dave revoked admin t"]
    );
    let live = "select concat_ws(' ', user_id, is_over, deadline > now(), deadline_reason) from session_ledger.live_session";
    assert_eq!(ask(&analyst, live).await, ["carol f t idle_timeout"]);
    let events = "select concat_ws(' ', kind, user_id, array_to_string(methods, '+'), end_reason)
         from session_ledger.session_event where kind in ('logged_in', 'ended') and user_id = 'alice' order by position";
    assert_eq!(
        ask(&analyst, events).await,
        ["logged_in alice pwd+otp", "logged_in alice pwd+otp", "ended alice logged_out"]
    );
}

/// Nobody has come since: no event says so, and the row is still there.
#[tokio::test]
async fn a_login_whose_time_is_over_has_ended_at_its_true_deadline() {
    let database = Database::fresh().await;
    let ledger = database.ledger(Policy::default()).await;
    let visitor = Visitor::new(&shop(&ledger));
    walk(&visitor, &["/login/alice"]).await;
    let client = database.connect().await;
    let age = "update session_ledger.session
        set changed_at = now() - interval '1 hour', idle_timeout = 600, absolute_deadline = now() - interval '5 min'";
    client.batch_execute(age).await.unwrap();
    let analyst = analyst(&database).await;
    let told =
        "select concat_ws(' ', end_reason, ended_at = last_seen + interval '10 min', ended_at = deadline)
         from session_ledger.login";
    assert_eq!(ask(&analyst, told).await, ["idle_timeout t t"]);
    let live = "select concat_ws(' ', deadline_reason, is_over) from session_ledger.live_session";
    assert_eq!(ask(&analyst, live).await, ["idle_timeout t"]);
    let seen = "insert into session_ledger.activity select session_id, now() from session_ledger.session";
    client.batch_execute(seen).await.unwrap();
    assert_eq!(ask(&analyst, live).await, ["absolute_timeout t"]);
    let told = "select end_reason from session_ledger.login where ended_at = deadline";
    assert_eq!(ask(&analyst, told).await, ["absolute_timeout"]);
    client.batch_execute("update session_ledger.session set absolute_deadline = null").await.unwrap();
    assert_eq!(ask(&analyst, live).await, ["idle_timeout f"]);
    assert_eq!(
        ask(&analyst, "select end_reason from session_ledger.login where end_reason is not null").await,
        [""; 0]
    );
}

#[tokio::test]
async fn who_acted_as_whom_is_told_with_its_end() {
    let database = Database::fresh().await;
    let ledger = database.ledger(Policy::default()).await;
    let visitor = Visitor::new(&shop(&ledger));
    walk(&visitor, &["/login/admin", "/as/alice", "/oneself", "/as/bob", "/logout"]).await;
    let other = Visitor::new(&shop(&ledger));
    walk(&other, &["/login/helper", "/as/alice"]).await;
    let told =
        "select concat_ws(' ', impersonator, user_id, ended_at is not null) from session_ledger.impersonation
         order by began_at";
    let analyst = analyst(&database).await;
    assert_eq!(ask(&analyst, told).await, ["admin alice t", "admin bob t", "helper alice f"]);
    // The login goes on meanwhile.
    let logins = "select concat_ws(' ', user_id, end_reason) from session_ledger.login order by began_at";
    assert_eq!(ask(&analyst, logins).await, ["admin logged_out", "helper"]);
}

/// A hash would let its reader look for the token that it belongs to, and a state holds what users keep.
#[tokio::test]
async fn the_views_have_no_bytes_and_no_column_of_a_token() {
    let database = Database::fresh().await;
    let client = database.connect().await;
    let columns = "select table_name::text, count(*), count(*) filter (where data_type = 'bytea' or column_name ~ 'hash|token|state|payload|resend')
          from information_schema.columns join information_schema.views using (table_schema, table_name)
         where table_schema = 'session_ledger'
         group by 1 order by 1";
    let rows = client.query(columns, &[]).await.unwrap();
    let found: Vec<(&str, usize, i64)> =
        rows.iter().map(|row| (row.get(0), row.get::<_, i64>(1) as usize, row.get(2))).collect();
    assert_eq!(found, VIEWS.map(|(view, columns)| (view, columns, 0)));
}

#[tokio::test]
async fn an_analyst_can_read_the_views_and_nothing_else() {
    let database = Database::fresh().await;
    let owner = database.connect().await;
    let relations = "select relname::text, relkind::text from pg_class
        where relnamespace = 'session_ledger'::regnamespace and relkind in ('r', 'p', 'v')";
    let analyst = analyst(&database).await;
    let (mut read, mut refused) = (Vec::new(), 0);
    for row in owner.query(relations, &[]).await.unwrap() {
        let relation: &str = row.get(0);
        let allowed = analyst.query(&format!("select * from session_ledger.{relation}"), &[]).await;
        match allowed {
            Ok(_) => read.push(relation.to_owned()),
            Err(error) => {
                assert_eq!(error.code(), Some(&tokio_postgres::error::SqlState::INSUFFICIENT_PRIVILEGE));
                refused += 1;
            }
        }
    }
    read.sort();
    assert_eq!(read, VIEWS.map(|(view, _)| view));
    assert!(refused > 10, "tables and partitions");
    for deed in [
        "delete from session_ledger.session_end",
        "update session_ledger.session_end set reason = 'revoked'",
        "create table session_ledger.mine ()",
        "select session_ledger.raise_epoch()",
    ] {
        assert!(analyst.batch_execute(deed).await.is_err(), "{deed}");
    }
}
