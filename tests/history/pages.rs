//! Histories of any length, as pages and as streams.

use std::pin::pin;

use futures_util::TryStreamExt;
use session_ledger::Ledger;
use session_ledger::session::{Client, Policy, Recorded, SessionId};
use session_ledger::web::Sessions;
use test_support::{App, Database, Visitor, application, key_ring};
use time::OffsetDateTime;
use uuid::Uuid;

/// More events than two pages of a stream hold.
const MANY: usize = 230;

struct Scene {
    database: Database,
    ledger: Ledger,
    app: App,
}

#[tokio::test]
async fn pages_of_every_size_join_up_to_the_history() {
    let scene = Scene::set().await;
    let session = scene.session_of_two_browsers().await;
    let history = scene.ledger.history(session).await.unwrap();
    assert_eq!(history.len(), 9);
    for limit in 1..=10 {
        assert_eq!(events_in_pages(&scene.ledger, session, limit).await, history, "pages of {limit}");
    }
}

#[tokio::test]
async fn a_page_knows_the_client_that_only_an_event_before_it_names() {
    let scene = Scene::set().await;
    let session = scene.session_of_two_browsers().await;
    let history = scene.ledger.history(session).await.unwrap();
    let names_client: Vec<_> = history.iter().map(|event| event.entry.client.is_some()).collect();
    assert_eq!(names_client, [true, false, false, false, true, false, false, true, false]);
    for (after, agent) in [(1, "Visitor/1.0"), (3, "Visitor/1.0"), (5, "Phone/1"), (6, "Phone/1")] {
        let page = scene.ledger.history_page(session, after, 1).await.unwrap();
        assert_eq!(page[0].entry.client, None, "after {after}");
        assert_eq!(page[0].client, Some(client(agent)), "after {after}");
    }
    // Its address and browser are unknown, and so named: the search must not pass it by.
    scene.forget_client(session, 5).await;
    let page = scene.ledger.history_page(session, 6, 1).await.unwrap();
    assert_eq!(page[0].client, Some(Client::default()));
    assert_eq!(page, scene.ledger.history(session).await.unwrap()[6..7]);
}

#[tokio::test]
async fn a_limit_of_nothing_gives_nothing_and_a_huge_one_a_page_of_the_greatest_size() {
    let scene = Scene::set().await;
    let session = scene.session_with_events(i64::from(Ledger::PAGE_MAX) + 2).await;
    let page = async |after, limit| scene.ledger.history_page(session, after, limit).await.unwrap();
    assert_eq!(page(0, 0).await, []);
    let first = page(0, u32::MAX).await;
    assert_eq!(first.len(), 1_000);
    assert_eq!(page(i64::MIN, 1_001).await, first);
    let versions: Vec<_> = page(1_000, u32::MAX).await.iter().map(|event| event.entry.version).collect();
    assert_eq!(versions, [1_001, 1_002]);
    assert_eq!(page(1_002, 1).await, []);
    assert_eq!(page(i64::MAX, u32::MAX).await, []);
}

#[tokio::test]
async fn of_a_session_that_is_not_known_pages_and_streams_are_empty() {
    let scene = Scene::set().await;
    scene.session_of_two_browsers().await;
    let unknown = SessionId::from_bytes([7; 16]);
    assert_eq!(scene.ledger.history_page(unknown, 0, 10).await.unwrap(), []);
    assert_eq!(scene.ledger.history_stream(unknown).try_collect::<Vec<_>>().await.unwrap(), []);
}

#[tokio::test]
async fn a_stream_of_a_history_is_the_history_however_long() {
    let scene = Scene::set().await;
    let visitor = Visitor::new(&scene.app);
    for nth in 0..MANY {
        let browser = if nth / 50 % 2 == 0 { visitor.clone() } else { visitor.clone().named("Phone/1") };
        browser.get("/add").await;
    }
    let session = scene.only_session().await;
    let history = scene.ledger.history(session).await.unwrap();
    assert!(history.len() > MANY, "{}", history.len());
    assert_eq!(scene.ledger.history_stream(session).try_collect::<Vec<_>>().await.unwrap(), history);
    assert_eq!(events_in_pages(&scene.ledger, session, 100).await, history);
    for version in [1, 100, 101, 225] {
        assert_eq!(scene.ledger.state_at(session, version).await.unwrap().version, version);
    }
}

#[tokio::test]
async fn a_stream_that_is_left_open_holds_no_connection() {
    let scene = Scene::set().await;
    let session = scene.session_with_events(300).await;
    let ledger = Ledger::builder(scene.database.config()).connections_max(1).connect().await.unwrap();
    let mut history = pin!(ledger.history_stream(session));
    let first = history.try_next().await.unwrap().unwrap();
    assert_eq!(first.entry.version, 1);
    assert_eq!(ledger.history(session).await.unwrap().len(), 300, "the only connection is free");
    let rest: Vec<_> = history.try_collect().await.unwrap();
    assert_eq!(rest.len(), 299);
}

#[tokio::test]
async fn an_event_that_is_damaged_spoils_no_other_one() {
    let scene = Scene::set().await;
    let session = scene.session_of_two_browsers().await;
    let whole = scene.ledger.history(session).await.unwrap();
    let damage = "update session_ledger.event set payload = '\\xff' where version = 4";
    scene.tamper(damage).await;
    let streamed: Vec<_> = scene.ledger.history_stream(session).try_collect().await.unwrap();
    for events in [events_in_pages(&scene.ledger, session, 2).await, streamed] {
        assert_eq!(events.len(), whole.len());
        for (event, sound) in events.iter().zip(&whole) {
            if event.entry.version == 4 {
                let error = event.entry.event().unwrap_err().to_string();
                assert_eq!(error, "value_set of shape 2 does not decode: the stored bytes are damaged");
                assert_eq!(event.client, sound.client);
            } else {
                assert_eq!(event, sound);
            }
        }
    }
}

impl Scene {
    async fn set() -> Self {
        let database = Database::fresh().await;
        let ledger = database.ledger(Policy::default()).await;
        let app = application(Sessions::new(ledger.clone(), key_ring()));
        Self { database, ledger, app }
    }

    /// A session of nine events. The fifth and the eighth say that another browser has come.
    async fn session_of_two_browsers(&self) -> SessionId {
        let visitor = Visitor::new(&self.app);
        let phone = visitor.clone().named("Phone/1");
        for browser in [&visitor, &visitor, &visitor, &phone, &phone, &phone, &visitor, &visitor] {
            browser.get("/add").await;
        }
        self.only_session().await
    }

    async fn only_session(&self) -> SessionId {
        let id = "select distinct session_id from session_ledger.event";
        SessionId::from(self.database.connect().await.query_one(id, &[]).await.unwrap().get::<_, Uuid>(0))
    }

    /// A session of so many events that name no client and hold nothing.
    async fn session_with_events(&self, count: i64) -> SessionId {
        let id = SessionId::new(OffsetDateTime::now_utc(), [1; 10]);
        let events = "insert into session_ledger.event (
                          session_id, version, event_id, kind, shape, occurred_at, hash, payload
                      )
                      select $1, version, gen_random_uuid(), 'value_set', 1, now(), sha256('hash'), ''
                        from generate_series(1, $2::bigint) as version";
        self.database.connect().await.execute(events, &[&id.as_uuid(), &count]).await.unwrap();
        id
    }

    /// Makes the stored event one from a program without a name, over a socket without an address.
    async fn forget_client(&self, session: SessionId, version: i64) {
        let forget = format!(
            "update session_ledger.event set client_ip = null, user_agent = ''
              where session_id = '{session}' and version = {version}"
        );
        self.tamper(&forget).await;
    }

    /// Changes the log, which refuses that otherwise.
    async fn tamper(&self, statement: &str) {
        let client = self.database.connect().await;
        client.batch_execute(&format!("set session_replication_role = replica; {statement}")).await.unwrap();
    }
}

/// A history read page after page.
async fn events_in_pages(ledger: &Ledger, session: SessionId, limit: u32) -> Vec<Recorded> {
    let mut events: Vec<Recorded> = Vec::new();
    loop {
        let after = events.last().map_or(0, |last| last.entry.version);
        let page = ledger.history_page(session, after, limit).await.unwrap();
        assert!(page.len() <= limit as usize);
        if page.is_empty() {
            return events;
        }
        events.extend(page);
    }
}

fn client(user_agent: &str) -> Client {
    Client::new(Some("192.0.2.1".parse().unwrap()), Some(user_agent))
}
