//! Damaged rows, too much data, a database that is away, wrong settings: each gives a clear error, and
//! nothing is lost (ASVS 16.5; invariant 11).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::process::Command;

use private_postgres::{Options, Server};
use session_ledger::session::{DecodeError, Event, Policy};
use session_ledger::token::{CookieSettings, KeyRing};
use session_ledger::web::Sessions;
use session_ledger::{Error, Ledger};
use test_support::{Database, Visitor, application, key_ring};

async fn scene() -> (Visitor, Ledger, Database) {
    let database = Database::fresh().await;
    let ledger = database.ledger(Policy::default()).await;
    let visitor = Visitor::new(&application(Sessions::new(ledger.clone(), key_ring())));
    visitor.post("/login/alice", "").await;
    visitor.get("/add").await;
    (visitor, ledger, database)
}

#[tokio::test]
async fn a_damaged_row_is_an_error_and_never_an_empty_session() {
    let (visitor, ledger, database) = scene().await;
    let client = database.connect().await;
    let state: Vec<u8> =
        client.query_one("select state from session_ledger.session", &[]).await.unwrap().get(0);
    let damages =
        [vec![], vec![9, 9, 9], state[..state.len() - 1].to_vec(), [state.as_slice(), &[0]].concat()];
    for damaged in damages {
        client.execute("update session_ledger.session set state = $1", &[&damaged]).await.unwrap();
        for path in ["/show", "/add", "/order/teapot/then/200"] {
            let answer = visitor.get(path).await;
            assert_eq!(answer.status, 500, "{path} with {} bytes", damaged.len());
            assert!(answer.set_cookies().is_empty());
            assert_eq!(answer.body, "Something went wrong on our side.", "no detail leaves the server");
        }
    }
    client.execute("update session_ledger.session set state = $1", &[&state]).await.unwrap();
    assert_eq!(visitor.get("/show").await.body, "alice 1", "nothing was lost");
    assert_eq!(ledger.sessions(&"alice".into()).await.unwrap()[0].version, 3);
}

#[tokio::test]
async fn an_event_of_the_future_is_skipped_by_the_fold_and_shown_by_the_history() {
    let (visitor, ledger, database) = scene().await;
    let session = ledger.sessions(&"alice".into()).await.unwrap()[0].id;
    let insert = "insert into session_ledger.event
        (session_id, version, event_id, kind, shape, occurred_at, hash, payload)
        select session_id, version + 1, gen_random_uuid(), 'teleported', 7, now(), head_hash, '\\x010203'
          from session_ledger.session";
    let client = database.connect().await;
    client.execute(insert, &[]).await.unwrap();
    client.execute("update session_ledger.session set version = version + 1", &[]).await.unwrap();
    assert_eq!(visitor.get("/show").await.body, "alice 1");
    let history = ledger.history(session).await.unwrap();
    let Ok(Event::Unknown(unknown)) = history[3].entry.event() else { panic!("{history:?}") };
    assert_eq!((unknown.kind(), unknown.shape(), unknown.payload()), ("teleported", 7, &[1, 2, 3][..]));
    assert_eq!(ledger.state_at(session, 4).await.unwrap().user, Some("alice".into()));
}

/// A history once failed as a whole for one damaged payload.
#[tokio::test]
async fn a_damaged_event_is_unreadable_alone_and_the_rest_of_the_history_is_told() {
    let (_visitor, ledger, database) = scene().await;
    let session = ledger.sessions(&"alice".into()).await.unwrap()[0].id;
    let damage = "set session_replication_role = replica;
                  update session_ledger.event set payload = '\\xffff' where version = 2";
    database.connect().await.batch_execute(damage).await.unwrap();

    let history = ledger.history(session).await.unwrap();
    let readable: Vec<_> = history.iter().map(|recorded| recorded.entry.event().is_ok()).collect();
    assert_eq!(readable, [true, false, true]);
    let damaged = &history[1].entry;
    assert_eq!((damaged.version, damaged.encoded.payload()), (2, &[0xff, 0xff][..]));
    let kind = damaged.encoded.kind();
    let malformed = DecodeError::Malformed { what: kind.to_owned(), shape: damaged.encoded.shape() };
    assert_eq!(damaged.event(), Err(malformed.clone()));

    assert_eq!(ledger.state_at(session, 1).await.unwrap().version, 1, "the events before it can be folded");
    for version in [2, 3, i64::MAX] {
        let error = ledger.state_at(session, version).await.unwrap_err();
        let Error::Undecodable { session: of, error } = error else { panic!("{error}") };
        assert_eq!((of, error), (session, malformed.clone()));
    }
}

#[tokio::test]
async fn too_much_data_is_refused_before_anything_is_sent() {
    let (visitor, _ledger, database) = scene().await;
    let events = database.count("session_ledger.event").await;
    assert_eq!(visitor.get("/large/65000").await.status, 200);
    assert_eq!(visitor.get("/large/66000").await.status, 500);
    assert_eq!(database.count("session_ledger.event").await, events + 1);
    assert_eq!(visitor.get("/show").await.body, "alice 1");
}

#[tokio::test]
async fn a_database_that_is_away_is_a_503_and_never_an_anonymous_visitor() {
    let server = Server::start(Options::default()).unwrap();
    let config: tokio_postgres::Config = server.connection_string("postgres").parse().unwrap();
    Ledger::migrate(&config).await.unwrap();
    let ledger = Ledger::builder(config).connect().await.unwrap();
    let visitor = Visitor::new(&application(Sessions::new(ledger.clone(), key_ring())));
    visitor.post("/login/alice", "").await;
    let token = visitor.cookie("__Host-session");
    server.stop();
    for path in ["/show", "/me", "/add", "/order/teapot/then/200"] {
        let answer = visitor.get(path).await;
        assert_eq!(answer.status, 503, "{path}: {answer:?}");
        assert_eq!(answer.headers["retry-after"], "1");
        assert!(answer.set_cookies().is_empty());
    }
    assert_eq!(visitor.cookie("__Host-session"), token);
    let stranger = Visitor::new(&application(Sessions::new(ledger, key_ring())));
    assert_eq!(stranger.get("/show").await.body, "- 0", "who has no session needs no database");
    assert_eq!(stranger.get("/add").await.status, 503);
}

/// Stops or continues all server processes of the ledger. `signal` is `STOP` or `CONT`.
async fn signal_backends(config: &tokio_postgres::Config, signal: &str) {
    let (client, connection) = config.connect(tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    let pids = "select pid from pg_stat_activity where application_name = 'session-ledger'";
    for row in client.query(pids, &[]).await.unwrap() {
        let pid: i32 = row.get(0);
        assert!(
            Command::new("kill").args([&format!("-{signal}"), &pid.to_string()]).status().unwrap().success()
        );
    }
}

#[tokio::test]
async fn a_server_that_stops_answering_is_a_503_and_costs_no_more_than_its_connection() {
    let server = Server::start(Options::default()).unwrap();
    let config: tokio_postgres::Config = server.connection_string("postgres").parse().unwrap();
    Ledger::migrate(&config).await.unwrap();
    let ledger = Ledger::builder(config.clone()).connections_max(1).connect().await.unwrap();
    let visitor = Visitor::new(&application(Sessions::new(ledger, key_ring())));
    visitor.post("/login/alice", "").await;
    for path in ["/show", "/order/teapot/then/200"] {
        signal_backends(&config, "STOP").await;
        let answer = visitor.get(path).await;
        assert_eq!(answer.status, 503, "{path}: {answer:?}");
        assert_eq!(visitor.get("/show").await.body, "alice 0", "another connection serves the next request");
        signal_backends(&config, "CONT").await;
    }
}

#[tokio::test]
async fn wrong_settings_are_refused_at_the_start_by_name() {
    let database = Database::fresh().await;
    let start = async |policy| {
        let connected = Ledger::builder(database.config()).policy(policy).connect().await;
        connected.unwrap_err().to_string()
    };
    let below_idle = Policy::default().absolute_timeout(60).idle_timeout(60);
    assert_eq!(start(below_idle).await, "setting `absolute_timeout` must be longer than `idle_timeout`");
    let too_large = Policy::default().state_bytes_max(65_537);
    assert_eq!(start(too_large).await, "setting `state_bytes_max` must be between 1 and 65536 bytes");
    let none = Ledger::builder(database.config()).connections_max(0).connect().await.unwrap_err();
    assert_eq!(none.to_string(), "setting `connections_max` must be at least 1");

    let unknown = serde_json::from_str::<Policy>(r#"{"idel_timeout": 60}"#).unwrap_err().to_string();
    assert!(unknown.starts_with("unknown field `idel_timeout`, expected one of `assurance`"), "{unknown}");
    let short = KeyRing::parse("primary 0a0b0c0d AQIDBAUGBwg").unwrap_err().to_string();
    assert!(short.contains('8') && short.contains("32"), "it says how long the key is and must be: {short}");
}

#[tokio::test]
async fn a_cookie_that_browsers_refuse_is_refused_at_the_start() {
    let database = Database::fresh().await;
    let ledger = database.ledger(Policy::default()).await;
    let insecure = CookieSettings::default().insecure();
    let refused = Sessions::builder(ledger, key_ring()).cookie(insecure).build().err().unwrap().to_string();
    assert!(refused.contains("secure") && refused.contains("__Host-"), "{refused}");
}
