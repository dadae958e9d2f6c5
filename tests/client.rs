//! The client of each event: stored where it matters or is news, told by the history for every event.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use poem::http::uri::Scheme;
use poem::http::{Method, header};
use poem::web::{LocalAddr, RemoteAddr};
use poem::{Addr, Body, Request, RequestParts};
use session_ledger::Ledger;
use session_ledger::ledger::{End, RebuildOptions};
use session_ledger::session::{Client, EndReason, Policy, SessionId, UserId};
use session_ledger::web::Sessions;
use test_support::{Database, Visitor, application, key_ring};
use uuid::Uuid;

struct Scene {
    database: Database,
    ledger: Ledger,
    visitor: Visitor,
}

impl Scene {
    async fn set() -> Self {
        let database = Database::fresh().await;
        let ledger = database.ledger(Policy::default()).await;
        let visitor = Visitor::new(&application(Sessions::new(ledger.clone(), key_ring())));
        Self { database, ledger, visitor }
    }

    /// Kind, address and browser of each event as stored, of all sessions in the order of the log.
    async fn stored(&self) -> Vec<String> {
        let events = "select concat_ws(' ', kind, coalesce(host(client_ip), '-'), coalesce(quote_literal(user_agent), '-'))
                        from session_ledger.event order by position";
        let client = self.database.connect().await;
        client.query(events, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
    }

    async fn session(&self) -> SessionId {
        let id = "select session_id from session_ledger.event limit 1";
        SessionId::from(self.database.connect().await.query_one(id, &[]).await.unwrap().get::<_, Uuid>(0))
    }

    /// Asserts that the history tells this client of each event, and that the projection follows from the
    /// log, also after a rebuild.
    async fn assert_told(&self, clients: &[&Client]) {
        let history = self.ledger.history(self.session().await).await.unwrap();
        let told: Vec<_> = history.iter().map(|recorded| recorded.client.as_ref().unwrap()).collect();
        assert_eq!(told, clients);
        let verification = self.ledger.verify(|_| {}).await.unwrap();
        assert!(verification.is_equal(), "{:?}", verification.differences);
        let before = self.rows().await;
        self.ledger.rebuild(RebuildOptions::default().while_connected(), |_| {}).await.unwrap();
        assert_eq!(self.rows().await, before);
        self.assert_salted().await;
    }

    /// Asserts that each event that says a client has a salt of its own, and no other event has one.
    async fn assert_salted(&self) {
        let (said, salts) =
            ("client_ip is not null or user_agent is not null", "octet_length(client_proof) = 16");
        let wrong = format!("session_ledger.event where ({said}) is distinct from ({salts} is true)");
        assert_eq!(self.database.count(&wrong).await, 0);
        let distinct =
            "(select distinct client_proof from session_ledger.event where client_proof is not null)";
        let all = "session_ledger.event where client_proof is not null";
        let (distinct, all) =
            (self.database.count(&format!("{distinct} as one")).await, self.database.count(all).await);
        assert!(all > 0 && distinct == all, "{distinct} of {all}");
    }

    async fn rows(&self) -> Vec<String> {
        let rows = "select (to_jsonb(s) - 'resend')::text from session_ledger.session as s
                     union all select to_jsonb(e)::text from session_ledger.ended_session as e order by 1";
        let client = self.database.connect().await;
        client.query(rows, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
    }
}

#[tokio::test]
async fn the_second_request_of_a_browser_does_not_say_it_again() {
    let scene = Scene::set().await;
    scene.visitor.get("/add").await;
    scene.visitor.get("/add").await;
    assert_eq!(scene.stored().await, ["started 192.0.2.1 'Visitor/1.0'", "value_set - -", "value_set - -"]);
    let client = client("192.0.2.1", "Visitor/1.0");
    scene.assert_told(&[&client, &client, &client]).await;
    scene.visitor.get("/add").await;
    assert_eq!(scene.stored().await[3], "value_set - -", "a rebuilt row knows it too");
}

#[tokio::test]
async fn a_browser_of_another_name_or_place_is_news() {
    let scene = Scene::set().await;
    let updated = scene.visitor.clone().named("Visitor/1.1");
    let elsewhere = updated.clone().at("2001:db8::1".parse().unwrap());
    scene.visitor.get("/add").await;
    updated.get("/add").await;
    updated.get("/add").await;
    elsewhere.get("/add").await;
    assert_eq!(
        scene.stored().await[1..],
        [
            "value_set - -",
            "value_set 192.0.2.1 'Visitor/1.1'",
            "value_set - -",
            "value_set 2001:db8::1 'Visitor/1.1'"
        ]
    );
    let (before, after) = (client("192.0.2.1", "Visitor/1.0"), client("192.0.2.1", "Visitor/1.1"));
    scene.assert_told(&[&before, &before, &after, &after, &client("2001:db8::1", "Visitor/1.1")]).await;
}

#[tokio::test]
async fn who_is_signed_in_is_always_said_from_where() {
    let scene = Scene::set().await;
    scene.visitor.get("/add").await;
    scene.visitor.post("/login/alice", "").await;
    scene.visitor.get("/add").await;
    scene.visitor.get("/renew").await;
    scene.visitor.post("/logout", "").await;
    let said = |kind: &str| format!("{kind} 192.0.2.1 'Visitor/1.0'");
    let unsaid = || "value_set - -".to_owned();
    assert_eq!(
        scene.stored().await,
        [
            said("started"),
            unsaid(),
            said("logged_in"),
            said("renewed"),
            unsaid(),
            said("renewal_offered"),
            said("ended")
        ]
    );
    scene.assert_told(&[&client("192.0.2.1", "Visitor/1.0"); 7]).await;
}

#[tokio::test]
async fn a_request_without_address_and_browser_is_not_taken_for_the_one_before() {
    let scene = Scene::set().await;
    scene.visitor.get("/add").await;
    scene.visitor.call(bare(&scene.visitor)).await;
    scene.visitor.call(bare(&scene.visitor)).await;
    scene.visitor.get("/add").await;
    assert_eq!(
        scene.stored().await[2..],
        ["value_set - ''", "value_set - -", "value_set 192.0.2.1 'Visitor/1.0'"]
    );
    let (known, unknown) = (client("192.0.2.1", "Visitor/1.0"), Client::default());
    scene.assert_told(&[&known, &known, &unknown, &unknown, &known]).await;
}

#[tokio::test]
async fn a_users_sessions_are_shown_with_the_browser_that_used_them_last() {
    let scene = Scene::set().await;
    let phone = Visitor::new(&application(Sessions::new(scene.ledger.clone(), key_ring()))).named("Phone/1");
    for visitor in [&scene.visitor, &phone] {
        visitor.post("/login/alice", "").await;
        visitor.get("/add").await;
    }
    scene.visitor.clone().named("Visitor/2.0").get("/add").await;
    scene.visitor.get("/add").await;
    phone.clone().at("192.0.2.9".parse().unwrap()).get("/add").await;
    scene.assert_shown(&["Phone/1 192.0.2.9 live", "Visitor/1.0 192.0.2.1 live"]).await;

    let ids: Vec<_> = scene.ledger.sessions(&alice()).await.unwrap().iter().map(|one| one.id).collect();
    scene.ledger.end(ids[0], End::because(EndReason::Revoked).by("admin")).await.unwrap();
    phone.get("/show").await;
    scene.visitor.clone().named("Visitor/3.0").post("/logout", "").await;
    scene.assert_shown(&["Phone/1 192.0.2.9 ended", "Visitor/1.0 192.0.2.1 ended"]).await;
}

impl Scene {
    /// The histories, in the order of their browsers.
    async fn assert_shown(&self, expected: &[&str]) {
        let sessions = self.ledger.sessions(&alice()).await.unwrap();
        let mut shown: Vec<_> = sessions
            .iter()
            .map(|one| {
                let status = if one.ended.is_some() { "ended" } else { "live" };
                format!("{} {} {status}", one.user_agent.as_deref().unwrap(), one.client_ip.unwrap())
            })
            .collect();
        shown.sort();
        assert_eq!(shown, expected);
        assert!(self.ledger.verify(|_| {}).await.unwrap().is_equal());
    }
}

fn alice() -> UserId {
    UserId::from("alice")
}

fn client(ip: &str, user_agent: &str) -> Client {
    Client::new(Some(ip.parse().unwrap()), Some(user_agent))
}

/// A request of the visitor, with its cookies, over a socket without an address and from a program without a
/// name.
fn bare(visitor: &Visitor) -> Request {
    let mut headers = visitor.request(Method::GET, "/add", "").headers().clone();
    headers.remove(header::USER_AGENT);
    let (mut parts, ()) = poem::http::Request::new(()).into_parts();
    parts.uri = "/add".parse().unwrap();
    parts.headers = headers;
    let remote = RemoteAddr(Addr::custom("unix", "/run/shop.sock"));
    Request::from_parts(
        RequestParts::from((parts, LocalAddr::default(), remote, Scheme::HTTPS)),
        Body::empty(),
    )
}
