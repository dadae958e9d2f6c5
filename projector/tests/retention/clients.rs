//! Addresses and browsers that leave the log before their month.

use std::net::IpAddr;

use session_ledger::ledger::RebuildOptions;
use session_ledger::session::{ChainHash, Client, ClientProof, Entry, Event, EventId, Noted, SessionId};
use test_support::Database;

use crate::aging::{NOTHING, retain};
use crate::scene::{MONTH, Scene, ended, projector, stdout};
use crate::stories::Form;

/// Parts of the client of these sessions, by which a row that still has it is found.
const TRACES: [&str; 2] = ["192.0.2.7", "Firefox"];

impl Scene {
    /// How many rows of any table of the ledger show a client.
    async fn traces(&self) -> u64 {
        let client = self.database.connect().await;
        let tables = "select format('%I.%I', schemaname, tablename) from pg_tables where schemaname = 'session_ledger'";
        let mut found = 0;
        for table in client.query(tables, &[]).await.unwrap() {
            let table: String = table.get(0);
            for trace in TRACES {
                let rows = format!("select count(*) from {table} as one where one::text like '%{trace}%'");
                found += u64::try_from(client.query_one(&rows, &[]).await.unwrap().get::<_, i64>(0)).unwrap();
            }
        }
        found
    }
}

#[tokio::test]
async fn a_client_leaves_the_log_and_its_rows_and_all_else_is_as_it_was() {
    let scene = Scene::over().await;
    let session = scene.session.to_string();
    let links = async || -> Vec<_> {
        let recorded = scene.ledger.history(scene.session).await.unwrap();
        recorded.iter().map(|one| one.entry.hash.link()).collect()
    };
    let (before, history) = (links().await, scene.told(&["history", &session]));
    assert!(history.contains("192.0.2.7") && scene.traces().await > 0, "{history}");

    assert_eq!(retain(&scene, &["--clients", "20000d"]), NOTHING, "they ended later");
    let told = retain(&scene, &["--clients", "30d"]);
    assert!(told.ends_with("Took the client out of 6 events and 4 rows.\n"), "{told}");
    assert_eq!(scene.traces().await, 0);
    assert_eq!(scene.database.count("session_ledger.event where octet_length(client_proof) = 16").await, 0);
    assert_eq!(retain(&scene, &["--clients", "30d"]), NOTHING, "once is enough");
    scene.is_sound().await;
    assert_eq!(links().await, before, "consumers see no other chain");
    let history = scene.told(&["history", &session]);
    assert!(history.contains("alice") && !history.contains("192.0.2.7"), "{history}");
    assert_eq!(history.matches("(taken out)").count(), 3, "{history}");

    scene.ledger.rebuild(RebuildOptions::default().while_connected(), |_| {}).await.unwrap();
    assert_eq!(scene.traces().await, 0, "a rebuild brings nobody back");
    scene.is_sound().await;
}

#[tokio::test]
async fn an_archive_without_clients_is_whole() {
    let scene = Scene::over().await;
    retain(&scene, &["--clients", "30d"]);
    stdout(scene.export(&["--keep", "30d"]));
    let told = scene.told_by_archive(&[&scene.session.to_string()]);
    assert!(told.contains("alice") && TRACES.iter().all(|trace| !told.contains(trace)), "{told}");

    let other = Database::fresh().await;
    let folder = scene.folder.path();
    stdout(projector(&other).args(["archive", "restore", "--from"]).arg(folder).output().unwrap());
    stdout(projector(&other).args(["rebuild", "--while-connected"]).output().unwrap());
    let verified = crate::open(&other).await.verify(|_| {}).await.unwrap();
    assert_eq!((verified.differences.len(), verified.irregularities.len()), (0, 0), "{verified:?}");
}

#[tokio::test]
async fn live_sessions_and_those_of_an_older_version_keep_their_clients() {
    let scene = Scene::written(vec![ended()], vec![], Form::Older).await;
    let told = retain(&scene, &["--clients", "30d"]);
    assert!(told.contains("Took the client out of 0 events and 0 rows.\n"), "{told}");
    assert!(
        told.ends_with(
            "The clients of 1 session stay until their month is archived, as an older version wrote them.\n"
        ),
        "{told}"
    );
    let said = "session_ledger.event where client_ip is not null";
    assert_eq!(scene.database.count(said).await, 4, "of the live one and of the older one");
    scene.is_sound().await;
}

/// The guard of the log lets one change through: the one that the chain foresees, once, and as a whole.
#[tokio::test]
async fn an_event_is_changed_in_no_other_way() {
    let scene = Scene::over().await;
    let client = scene.database.connect().await;
    let update = |set: &str| {
        format!(
            "update session_ledger.event set {set} where version = 2 and session_id = '{}'",
            scene.session
        )
    };
    let gone = "client_ip = null, user_agent = null,
                client_proof = session_ledger.client_digest(client_proof, client_ip, user_agent)";
    let columns =
        "select attname from pg_attribute where attrelid = 'session_ledger.event'::regclass and attnum > 0";
    let mut refused = vec![
        "client_ip = null".to_owned(),
        "client_ip = null, user_agent = null".to_owned(),
        "client_ip = null, user_agent = '', client_proof = session_ledger.client_digest(client_proof, client_ip, user_agent)".to_owned(),
        "client_ip = null, user_agent = null, client_proof = null".to_owned(),
        "client_ip = null, user_agent = null, client_proof = sha256('')".to_owned(),
        "client_proof = session_ledger.client_digest(client_proof, client_ip, user_agent)".to_owned(),
        "kind = kind".to_owned(),
    ];
    for column in client.query(columns, &[]).await.unwrap() {
        let column: &str = column.get(0);
        let other = match column {
            "session_id" | "client_ip" | "user_agent" | "client_proof" => continue,
            "event_id" => "gen_random_uuid()",
            "occurred_at" | "recorded_at" => "now()",
            "transaction_id" => "'7'",
            "version" | "position" | "epoch" | "shape" => "7",
            "hash" | "payload" => "sha256('other')",
            _ => "'other'",
        };
        refused.push(format!("{gone}, {column} = {other}"));
    }
    assert_eq!(refused.len(), 7 + 13);
    for set in &refused {
        let error = client.execute(&update(set), &[]).await.unwrap_err();
        assert_eq!(error.code().map(|code| code.code()), Some("23001"), "{set}: {error:?}");
    }
    assert_eq!(client.execute(&update(gone), &[]).await.unwrap(), 1);
    for set in refused.iter().map(String::as_str).chain([gone, "client_ip = '192.0.2.7'"]) {
        assert!(client.execute(&update(set), &[]).await.is_err(), "{set}: once is for good");
    }
    for (table, refused) in
        [("event", "delete from"), (MONTH, "delete from"), ("event", "truncate"), (MONTH, "truncate")]
    {
        assert!(
            client.execute(&format!("{refused} session_ledger.{table}"), &[]).await.is_err(),
            "{refused} {table}"
        );
    }
}

#[tokio::test]
async fn the_database_makes_the_digest_of_every_client_as_the_library_does() {
    let database = Database::fresh().await;
    let client = database.connect().await;
    let event = Event::Noted(Noted::of_text("ordered", "number 42"));
    let ips: [Option<IpAddr>; 5] = [
        None,
        Some("192.0.2.7".parse().unwrap()),
        Some("0.0.0.0".parse().unwrap()),
        Some("2001:db8::7".parse().unwrap()),
        Some("::".parse().unwrap()),
    ];
    let long = "x".repeat(Client::USER_AGENT_CHARS_MAX);
    for (ip, agent) in ips.iter().flat_map(|ip| {
        [None, Some(""), Some("curl/8"), Some("größe №"), Some(&long)].map(|agent| (*ip, agent))
    }) {
        let mut entry =
            Entry::new(1, EventId::from_random([7; 16]), event.encode(), time::OffsetDateTime::UNIX_EPOCH);
        (entry.client, entry.client_proof) =
            (Client::from_columns(ip, agent), Some(ClientProof::Salt([5; 16])));
        let genesis = ChainHash::genesis(SessionId::from_bytes([7; 16]));
        let salted = genesis.then(&entry);
        let digest = "select session_ledger.client_digest($1, $2, $3)";
        let digest = client.query_one(digest, &[&[5_u8; 16].as_slice(), &ip, &agent]).await.unwrap();
        (entry.client, entry.client_proof) = (None, Some(ClientProof::from_column(digest.get(0))));
        assert_eq!(genesis.then(&entry), salted, "{ip:?} {agent:?}");
    }
}
