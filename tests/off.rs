//! Off means off: a feature that is not configured costs no statement, no column and no byte, on the wire and
//! in the cookie (DESIGN: policies).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::Duration;

use allocation_counter::measure;
use serde::{Deserialize, Serialize};
use session_ledger::session::{
    Assurance, Content, Flash, Grant, Policy, SessionState, StoredTimeouts, TokenHash, Value,
};
use session_ledger::web::{Sessions, Settings};
use test_support::{Database, Traffic, Visitor, Wire, application, key_ring};

/// An idle and an absolute limit, each of two bytes in a session's state.
const LIMITS: (u32, u32) = (600, 3_600);

/// The bytes of both limits in a state or in a payload; one byte each says whether there is a limit.
const IN_STATE: usize = 2 + 2;

/// The bytes of the columns `idle_timeout` (integer) and `absolute_deadline` (timestamptz) of a row.
const IN_COLUMNS: usize = 4 + 8;

/// Everything that can be off.
fn off() -> Settings {
    let mut settings = Settings::default();
    let policy = Policy::default().idle_timeout(None).absolute_timeout(None).extension_delay(u32::MAX);
    settings.policy = policy.deviation("To see what remains.");
    settings
}

/// Everything on. The activity of the session is not yet to be noted.
fn on() -> Settings {
    let mut settings = Settings::default();
    let policy = Policy::default().idle_timeout(LIMITS.0).absolute_timeout(LIMITS.1);
    settings.policy = policy.extension_chance(50).renewal_timeout(600).renewal_try_every(60);
    settings.requests.audience = "tenant".to_owned();
    settings.requests.user_in_log = true;
    settings.requests.refuse_superseded = true;
    settings.requests.starts_per_minute = Some(60);
    settings
}

/// The traffic of each request, and the length of the cookie's line without the name of the session.
#[derive(Debug, PartialEq, Eq)]
struct Cost {
    visit: Traffic,
    start: Traffic,
    read: Traffic,
    rewrite: Traffic,
    write: Traffic,
    cookie: usize,
}

async fn cost(settings: Settings) -> Cost {
    let database = Database::fresh().await;
    let wire = Wire::prompt(&database.config());
    let ledger = session_ledger::Ledger::builder(wire.config())
        .policy(settings.policy.clone())
        .connections_max(1)
        .connect()
        .await
        .unwrap();
    let application = application(Sessions::builder(ledger, key_ring()).settings(settings).build().unwrap());
    // The connection gets to know all statements.
    let first = Visitor::new(&application);
    for path in ["/keep/first", "/show", "/keep/again"] {
        assert_eq!(first.get(path).await.status, 200);
    }
    let visitor = Visitor::new(&application);
    let of = async |path: &str| {
        let before = wire.traffic();
        let answer = visitor.get(path).await;
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        (wire.traffic() - before, answer)
    };
    let (visit, _) = of("/show").await;
    let (start, answer) = of("/keep/text").await;
    let cookie = answer.set_cookies()[0].len();
    let (read, _) = of("/show").await;
    let (rewrite, _) = of("/keep/text").await;
    let (write, _) = of("/keep/tent").await;
    Cost { visit, start, read, rewrite, write, cookie }
}

#[tokio::test]
async fn what_is_off_costs_no_statement_no_column_and_no_byte() {
    let (off, on) = (cost(off()).await, cost(on()).await);
    let nothing = Traffic { statements: 0, sent: 0, received: 0 };
    assert_eq!((off.visit, on.visit), (nothing, nothing));

    // Reading: the limits travel in the session's state alone. No column of theirs is read.
    assert_eq!((off.read.statements, on.read.statements), (1, 1));
    assert_eq!(off.read.sent, on.read.sent);
    assert_eq!(on.read.received - off.read.received, IN_STATE);
    assert_eq!(off.rewrite, off.read, "an unchanged value is a read");

    // Writing: each limit is in the row's state and in a column, and in the event that says it.
    assert_eq!((off.write.statements, off.start.statements), (on.write.statements, on.start.statements));
    assert_eq!(on.write.sent - off.write.sent, IN_STATE + IN_COLUMNS);
    assert_eq!(on.start.sent - off.start.sent, IN_STATE + IN_COLUMNS + IN_STATE);

    // The cookie: token and the attributes that are always there.
    let always = "__Host-session=; Path=/; Secure; HttpOnly; SameSite=Lax".len();
    assert_eq!(off.cookie, always + 140);
    assert_eq!(on.cookie, off.cookie, "a cookie says its age if its session is remembered");
}

/// What a session holds that uses no optional feature, as `postcard` writes it.
#[derive(Serialize, Deserialize)]
struct PlainContent {
    timeouts: StoredTimeouts,
    methods: Vec<String>,
    assurance: Assurance,
    offered: Option<TokenHash>,
    values: BTreeMap<String, Value>,
    flashes: BTreeMap<String, Vec<Flash>>,
    /// In microseconds since 1970.
    renewed_at: Option<i64>,
    /// Of the superseded tokens that are kept here there are none.
    earlier: Vec<()>,
}

fn plain(content: &Content) -> PlainContent {
    assert!(content.earlier.is_empty());
    PlainContent {
        timeouts: content.timeouts.into(),
        methods: content.methods.clone(),
        assurance: content.assurance,
        offered: content.offered,
        values: content.values.clone(),
        flashes: content.flashes.clone(),
        renewed_at: content.renewed_at.map(|at| (at.unix_timestamp_nanos() / 1_000) as i64),
        earlier: Vec::new(),
    }
}

/// The features that this is about: impersonation, reactions to a changed client, devices, own settings,
/// remembered browsers, renewal, identity providers, step-up and grants.
#[tokio::test]
async fn a_session_without_optional_features_pays_one_byte_for_all_of_them_and_no_memory() {
    for settings in [off(), on()] {
        let database = Database::fresh().await;
        let ledger = database.ledger(settings.policy.clone()).await;
        let app = application(Sessions::builder(ledger, key_ring()).settings(settings).build().unwrap());
        for paths in [&["/keep/text"][..], &["/flash/Welcome", "/login/alice", "/keep/text", "/me"]] {
            let visitor = Visitor::new(&app);
            for path in paths {
                assert_eq!(visitor.get(path).await.status, 200, "{path}");
            }
        }
        let client = database.connect().await;
        let rows = client.query("select state from session_ledger.session", &[]).await.unwrap();
        assert_eq!(rows.len(), 2);
        for row in rows {
            assert_pays_one_byte(row.get("state"));
        }
    }
}

/// The first byte of a stored content is the number of its layout, the last says that there are no extras.
fn assert_pays_one_byte(stored: &[u8]) {
    let content = Content::decode(stored).unwrap();
    let plain = postcard::to_allocvec(&plain(&content)).unwrap();
    assert_eq!(&stored[1..], [&plain[..], &[0]].concat());

    let allocations =
        |bytes: &[u8]| measure(|| drop(black_box(Content::decode(black_box(bytes)).unwrap()))).count_total;
    let of_plain =
        measure(|| drop(black_box(postcard::from_bytes::<PlainContent>(black_box(&plain)).unwrap())));
    assert_eq!(allocations(stored), of_plain.count_total);

    let mut using = content;
    using.extras.change(|extras| extras.step_up = true);
    assert_eq!(allocations(&using.encode()), of_plain.count_total + 1, "the counter counts");
}

/// What few sessions use for a while is forgotten to the last byte.
#[test]
fn a_feature_that_is_no_longer_used_leaves_nothing_behind() {
    let mut state = SessionState::default();
    let before = state.content.encode();
    let grant = Grant { operation: "pay".into(), until: state.started_at };
    state.content.extras.change(|extras| {
        extras.grants.push(grant);
        extras.impersonated = Some("bob".into());
    });
    assert!(state.content.encode().len() > before.len() + 10);
    state.content.extras.change(|extras| extras.grants.clear());
    state.content.extras.change(|extras| extras.impersonated = None);
    assert_eq!(state.content.encode(), before);
    assert_eq!(state.content, SessionState::default().content);
}

/// Noting the activity is off with a delay that no session reaches.
#[tokio::test]
async fn a_session_whose_activity_is_not_kept_is_read_for_ever_without_a_write() {
    let database = Database::fresh().await;
    let ledger = database.ledger(off().policy).await;
    let app = application(Sessions::new(ledger, key_ring()));
    let visitor = Visitor::new(&app);
    assert_eq!(visitor.get("/keep/text").await.status, 200);
    for day in [1, 100, 1_000] {
        database.set_clock_ahead(Duration::from_secs(day * 86_400)).await;
        assert_eq!(visitor.get("/show").await.status, 200, "day {day}");
    }
    // The first sight of a token after a login is noted in any case, and behind all notes before it.
    let other = Visitor::new(&app);
    assert_eq!(other.get("/keep/text").await.status, 200);
    assert_eq!(other.get("/login/bob").await.status, 200);
    assert_eq!(other.get("/me").await.status, 200);
    let mut noted = 0;
    for _ in 0..2_000 {
        noted = database.count("session_ledger.activity").await;
        if noted > 0 {
            break;
        }
    }
    assert_eq!(noted, 1, "that of the other session");
}
