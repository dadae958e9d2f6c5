//! The verification of a database that somebody with all rights has changed.

use session_ledger::ledger::{Finding, Verification};
use session_ledger::session::{DecodeError, Event, Noted, SessionId};
use test_support::Database;
use tokio_postgres::Client;

use super::population::{Population, append};

/// Rewrites events of a session, as only a user can who switches the triggers off.
pub(crate) async fn overwrite(client: &Client, session: SessionId, change: &str) {
    replica(client, &format!("update session_ledger.event set {change} and session_id = '{session}'")).await;
}

async fn replica(client: &Client, statement: &str) {
    let statement = format!("begin; set local session_replication_role = replica; {statement}; commit");
    client.batch_execute(&statement).await.unwrap();
}

/// A populated database that was tampered with.
struct Scene {
    database: Database,
    population: Population,
}

impl Scene {
    async fn set() -> (Self, Client) {
        let database = Database::fresh().await;
        let population = Population::settle(&database).await;
        let client = database.connect().await;
        (Self { database, population }, client)
    }

    /// The findings about `session`; there must be none about another.
    async fn findings(&self, session: SessionId) -> Vec<Finding> {
        let verification = self.verify().await;
        assert_eq!(verification.differences_total, verification.differences.len() as u64);
        let about = |difference| {
            let session_ledger::ledger::Difference { session: found, finding } = difference;
            assert_eq!(found, session, "{finding}");
            finding
        };
        verification.differences.into_iter().map(about).collect()
    }

    async fn verify(&self) -> Verification {
        self.population.ledger.verify(|_| {}).await.unwrap()
    }

    fn session(&self, what: &str) -> SessionId {
        self.population.session(what)
    }
}

fn differs(column: &'static str, stored: &str, derived: &str) -> Finding {
    let (stored, derived) = (stored.to_owned(), derived.to_owned());
    Finding::ColumnDiffers { table: "session", column, stored, derived }
}

#[tokio::test]
async fn changed_columns_are_named_with_both_values() {
    let (scene, client) = Scene::set().await;
    let session = scene.session("logged in");
    let change = format!(
        "update session_ledger.session
            set user_id = 'mallory', version = 2, idle_timeout = null, superseded_accepted = true
          where session_id = '{session}'"
    );
    client.batch_execute(&change).await.unwrap();
    assert_eq!(
        scene.findings(session).await,
        [
            differs("version", "2", "4"),
            differs("idle_timeout", "null", "1209600"),
            differs("superseded_accepted", "true", "false"),
            differs("user_id", "mallory", "alice"),
        ]
    );
}

#[tokio::test]
async fn changed_hashes_and_contents_are_named_but_not_shown() {
    let (scene, client) = Scene::set().await;
    let session = scene.session("logged in");
    let change = format!(
        "update session_ledger.session
            set token_hash = sha256('mine'), head_hash = sha256('too'), superseded_hash = null, state = 'secret'
          where session_id = '{session}'"
    );
    client.batch_execute(&change).await.unwrap();
    let findings = scene.findings(session).await;
    let told: Vec<_> = findings.iter().map(ToString::to_string).collect();
    assert_eq!(told[0], "`session.token_hash` holds 32 bytes, the log makes it 32 other bytes");
    assert_eq!(told[1], "`session.superseded_hash` holds null, the log makes it 32 other bytes");
    assert_eq!(told[2], "`session.head_hash` holds 32 bytes, the log makes it 32 other bytes");
    assert!(told[3].starts_with("`session.state` holds 6 bytes, the log makes it "), "{}", told[3]);
    assert_eq!(told.len(), 4);
}

#[tokio::test]
async fn every_column_of_a_row_is_compared() {
    let (scene, client) = Scene::set().await;
    let columns =
        "select table_name::text, column_name::text, data_type::text from information_schema.columns
                    where table_schema = 'session_ledger' and table_name in ('session', 'ended_session')
                      and column_name not in ('session_id', 'resend')";
    let columns = client.query(columns, &[]).await.unwrap();
    assert_eq!(columns.len(), 26);
    for row in columns {
        let (table, column, data_type): (&str, &str, &str) = (row.get(0), row.get(1), row.get(2));
        let other = match data_type {
            "timestamp with time zone" => "timestamptz '2001-01-01 UTC'",
            "bytea" => "sha256('other')",
            "boolean" => "true",
            "inet" => "inet '198.51.100.1'",
            "text" => "'other'",
            _ => "77",
        };
        let session = scene.session(if table == "session" { "anonymous" } else { "ended as revoked" });
        let change = format!(
            "create temp table kept as select * from session_ledger.{table} where session_id = '{session}';
             update session_ledger.{table} set {column} = {other} where session_id = '{session}'"
        );
        client.batch_execute(&change).await.unwrap();
        let findings = scene.findings(session).await;
        // A version above the log's is a sign that events are gone.
        let is_found = match &findings[..] {
            [Finding::ColumnDiffers { table: t, column: c, .. }] => *t == table && *c == column,
            [Finding::RowAhead { table: t, row: 77, .. }] => *t == table && column == "version",
            _ => false,
        };
        assert!(is_found, "{table}.{column}: {findings:?}");
        let restore = format!(
            "delete from session_ledger.{table} where session_id = '{session}';
             insert into session_ledger.{table} select * from kept; drop table kept"
        );
        client.batch_execute(&restore).await.unwrap();
    }
    assert!(scene.verify().await.is_equal());
}

#[tokio::test]
async fn a_value_that_no_version_writes_is_named() {
    let (scene, client) = Scene::set().await;
    let session = scene.session("logged in");
    let change = format!(
        "update session_ledger.session set authenticated_at = 'infinity' where session_id = '{session}'"
    );
    client.batch_execute(&change).await.unwrap();
    assert_eq!(scene.findings(session).await, [Finding::RowUnreadable { table: "session" }]);
}

#[tokio::test]
async fn a_missing_row_is_named() {
    let (scene, client) = Scene::set().await;
    let session = scene.session("anonymous");
    client
        .execute("delete from session_ledger.session where session_id = $1", &[&session.as_uuid()])
        .await
        .unwrap();
    assert_eq!(scene.findings(session).await, [Finding::RowMissing { table: "session" }]);
}

#[tokio::test]
async fn an_invented_row_is_named_wherever_it_sorts() {
    for bytes in [[0; 16], [0xff; 16]] {
        let (scene, client) = Scene::set().await;
        let session = SessionId::from_bytes(bytes);
        let invent =
            "insert into session_ledger.session (session_id, version, started_at, changed_at, token_hash, head_hash, state)
             values ($1, 1, now(), now(), sha256(''), sha256(''), '')";
        client.execute(invent, &[&session.as_uuid()]).await.unwrap();
        assert_eq!(scene.findings(session).await, [Finding::EventsMissing { table: "session" }]);
    }
}

#[tokio::test]
async fn a_live_session_moved_among_the_ended_is_named() {
    let (scene, client) = Scene::set().await;
    let session = scene.session("logged in");
    let change = "with gone as (delete from session_ledger.session where session_id = $1 returning *)
        insert into session_ledger.ended_session
        select session_id, version, started_at, now(), now(), authenticated_at, 'revoked', user_id, head_hash from gone";
    client.execute(change, &[&session.as_uuid()]).await.unwrap();
    assert_eq!(
        scene.findings(session).await,
        [Finding::RowTooMany { table: "ended_session" }, Finding::RowMissing { table: "session" }]
    );
}

#[tokio::test]
async fn an_edited_event_breaks_the_chain_there() {
    let (scene, client) = Scene::set().await;
    let session = scene.session("with a note");
    let edits = [
        (3, "payload = substr(payload, 1, length(payload) - 1) || '3'"),
        (3, "user_id = 'mallory'"),
        (3, "actor = 'mallory'"),
        (3, "client_ip = '198.51.100.1'"),
        (1, "client_proof = null"),
        (1, "client_proof = sha256(client_proof)"),
        (1, "client_proof = ''"),
        (3, "client_proof = ''"),
        (3, "client_proof = sha256('')"),
        (3, "user_agent = ''"),
        (1, "user_agent = null"),
        (1, "user_agent = null, client_ip = null"),
        (3, "occurred_at = occurred_at + interval '1 microsecond'"),
        (3, "event_id = gen_random_uuid()"),
        (3, "hash = sha256('other')"),
    ];
    for (version, edit) in edits {
        let keep = format!(
            "create temp table kept as select * from session_ledger.event where session_id = '{session}'"
        );
        client.batch_execute(&keep).await.unwrap();
        overwrite(&client, session, &format!("{edit} where version = {version}")).await;
        let broken = Finding::ChainBroken { version };
        assert!(scene.findings(session).await.contains(&broken), "{edit}");
        let restore = format!(
            "delete from session_ledger.event where session_id = '{session}';
             insert into session_ledger.event select * from kept; drop table kept"
        );
        replica(&client, &restore).await;
    }
    assert!(scene.verify().await.is_equal());
}

#[tokio::test]
async fn an_edit_that_covers_its_own_hash_breaks_the_chain_behind_it() {
    let (scene, client) = Scene::set().await;
    let session = scene.session("anonymous");
    let history = scene.population.ledger.history(session).await.unwrap();
    let mut edited = history[1].entry.clone();
    edited.user = Some("mallory".into());
    let hash = history[0].entry.hash.then(&edited);
    let change = format!("user_id = 'mallory', hash = '\\x{hash:?}' where version = 2");
    overwrite(&client, session, &change).await;
    assert_eq!(scene.findings(session).await, [Finding::ChainBroken { version: 3 }]);
}

#[tokio::test]
async fn a_deleted_event_leaves_a_gap() {
    let (scene, client) = Scene::set().await;
    let session = scene.session("with a note");
    replica(
        &client,
        &format!("delete from session_ledger.event where session_id = '{session}' and version = 2"),
    )
    .await;
    let findings = scene.findings(session).await;
    assert_eq!(findings[0], Finding::VersionGap { expected: 2, found: 3 });
    assert_eq!(findings[1], Finding::ChainBroken { version: 3 });
    assert!(matches!(findings[2], Finding::ColumnDiffers { column: "state", .. }), "{findings:?}");
    assert_eq!(findings.len(), 3);
}

#[tokio::test]
async fn a_deleted_last_event_is_missed_by_the_row() {
    let (scene, client) = Scene::set().await;
    let session = scene.session("with a note");
    replica(
        &client,
        &format!("delete from session_ledger.event where session_id = '{session}' and version = 3"),
    )
    .await;
    assert_eq!(scene.findings(session).await[0], Finding::RowAhead { table: "session", row: 3, log: 2 });
}

#[tokio::test]
async fn a_deleted_stream_is_missed_by_the_row() {
    let (scene, client) = Scene::set().await;
    let session = scene.session("ended as revoked");
    replica(&client, &format!("delete from session_ledger.event where session_id = '{session}'")).await;
    let mut words: Vec<String> = scene.findings(session).await.iter().map(ToString::to_string).collect();
    words.sort();
    let missing = |table| Finding::EventsMissing { table }.to_string();
    assert_eq!(words, [missing("ended_session"), missing("login_step")]);
}

#[tokio::test]
async fn swapped_events_break_the_chain() {
    let (scene, client) = Scene::set().await;
    let session = scene.session("anonymous");
    let swap = format!(
        "update session_ledger.event set version = 100 where session_id = '{session}' and version = 2;
         update session_ledger.event set version = 2 where session_id = '{session}' and version = 3;
         update session_ledger.event set version = 3 where session_id = '{session}' and version = 100"
    );
    replica(&client, &swap).await;
    let findings = scene.findings(session).await;
    assert_eq!(findings[0], Finding::ChainBroken { version: 2 });
    assert_eq!(findings[1], Finding::ChainBroken { version: 3 });
    assert!(findings.iter().all(|finding| !matches!(finding, Finding::VersionGap { .. })));
}

#[tokio::test]
async fn a_stream_passed_off_as_another_session_breaks_the_chain() {
    let (scene, client) = Scene::set().await;
    let session = scene.session("anonymous");
    let stranger = SessionId::from_bytes([0xff; 16]);
    replica(
        &client,
        &format!("update session_ledger.event set session_id = '{stranger}' where session_id = '{session}'"),
    )
    .await;
    let verification = scene.verify().await;
    let found: Vec<_> =
        verification.differences.iter().map(|one| (one.session, one.finding.clone())).collect();
    assert!(found.contains(&(session, Finding::EventsMissing { table: "session" })), "{found:?}");
    assert!(found.contains(&(stranger, Finding::ChainBroken { version: 1 })), "{found:?}");
}

#[tokio::test]
async fn an_event_after_the_end_is_named() {
    let (scene, client) = Scene::set().await;
    let session = scene.session("ended as logged_out");
    let noted = Event::Noted(Noted::of_text("haunted", ""));
    append(&client, &scene.population.ledger, session, noted).await;
    let findings = scene.findings(session).await;
    assert_eq!(findings[0], Finding::EventAfterEnd { version: 5 });
    assert_eq!(findings[0].to_string(), "event 5 follows the session's end");
}

#[tokio::test]
async fn a_payload_that_does_not_decode_is_named_and_the_rest_is_still_compared() {
    let (scene, client) = Scene::set().await;
    let (damaged, lost) = (scene.session("anonymous"), scene.session("logged in"));
    overwrite(&client, damaged, "payload = '\\xff' where version = 2").await;
    client
        .execute("delete from session_ledger.session where session_id = $1", &[&lost.as_uuid()])
        .await
        .unwrap();
    let found = scene.verify().await.differences;
    let error = DecodeError::Malformed { what: "value_set".into(), shape: 2 };
    let about: Vec<_> = found.iter().map(|difference| (difference.session, &difference.finding)).collect();
    assert_eq!(
        about,
        [
            (damaged, &Finding::ChainBroken { version: 2 }),
            (damaged, &Finding::Undecodable { version: 2, error }),
            (lost, &Finding::RowMissing { table: "session" }),
        ]
    );
    assert_eq!(
        found[1].to_string(),
        format!(
            "session {damaged}: event 2 cannot be read: value_set of shape 2 does not decode: the stored bytes are damaged"
        )
    );
    drop(scene.database);
}
