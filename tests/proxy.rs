//! The client of a request that comes through a proxy, over real connections: events, the limit of starts and
//! incidents name the same address.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};

use futures_util::{SinkExt, StreamExt};
use poem::web::websocket::{Message, WebSocket as Upgrade};
use poem::{EndpointExt, IntoResponse, Result, Route, get, handler};
use session_ledger::session::Policy;
use session_ledger::web::{Incident, IpNet, Session, Sessions, SessionsBuilder};
use test_support::{COUNT, Database, Http1, Visitor, WebSocket, app, http2, key_ring, serve};

/// This machine, from which all connections of a test come.
const HERE: &str = "127.0.0.1";

#[handler]
fn add(session: Session) -> Result<()> {
    Ok(session.update(&COUNT, |count| *count += 1)?)
}

/// Starts a session, and sends back what it is sent.
#[handler]
fn echo(session: Session, upgrade: Upgrade) -> Result<impl IntoResponse> {
    session.update(&COUNT, |count| *count += 1)?;
    Ok(upgrade.on_upgrade(|mut socket| async move {
        while let Some(Ok(Message::Text(text))) = socket.next().await {
            socket.send(Message::text(text)).await.ok();
        }
    }))
}

struct Scene {
    database: Database,
    address: SocketAddr,
    incidents: Arc<Mutex<Vec<Incident>>>,
}

impl Scene {
    async fn set(settings: impl FnOnce(SessionsBuilder) -> SessionsBuilder) -> Self {
        let database = Database::fresh().await;
        let ledger = database.ledger(Policy::default()).await;
        let incidents: Arc<Mutex<Vec<Incident>>> = Arc::default();
        let heard = Arc::clone(&incidents);
        let sessions = Sessions::builder(ledger, key_ring())
            .on_incident(move |incident| heard.lock().unwrap().push(incident.clone()));
        let route = Route::new().at("/add", get(add).post(add)).at("/echo", get(echo));
        let app = app(route.with(settings(sessions).build().unwrap()));
        Self { address: serve(&app).await, database, incidents }
    }

    /// Behind proxies of which this machine is one.
    async fn behind_proxies() -> Self {
        Self::set(|sessions| sessions.trusted_proxies(["127.0.0.0/8", "10.0.0.0/8"].map(network))).await
    }

    async fn get(&self, headers: &[(&str, &str)]) -> u16 {
        Http1::send(self.address, "GET", "/add", headers, "").await.status().await
    }

    /// The client of each session's first event, in the order of the log.
    async fn clients(&self) -> Vec<String> {
        let clients = "select host(client_ip) from session_ledger.event where version = 1 order by position";
        let client = self.database.connect().await;
        client.query(clients, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
    }

    /// Name, address and fault of each incident.
    fn incidents(&self) -> Vec<String> {
        let incidents = self.incidents.lock().unwrap();
        let told = |incident: &Incident| match incident {
            Incident::ForwardingRejected { client, fault, .. } => {
                format!("{} {}: {fault}", incident.name(), client.ip.unwrap())
            }
            other => other.name().to_owned(),
        };
        incidents.iter().map(told).collect()
    }
}

fn network(text: &str) -> IpNet {
    text.parse().unwrap()
}

/// Behind any load balancer the log said the balancer's address, and nothing could change it.
#[tokio::test]
async fn behind_a_trusted_proxy_the_log_says_the_client() {
    let scene = Scene::behind_proxies().await;
    let spoofed = "198.51.100.1, 203.0.113.7, 10.0.0.9";
    assert_eq!(scene.get(&[("X-Forwarded-For", spoofed)]).await, 200);
    let standard = ("forwarded", "for=198.51.100.1, for=\"[2001:db8::7]:4711\";proto=https, for=10.0.0.9");
    assert_eq!(http2(scene.address, "GET", "/add", &[standard], None).await.0, 200);
    assert_eq!(
        http2(scene.address, "POST", "/add", &[("x-forwarded-for", "203.0.113.8")], Some("x")).await.0,
        200
    );
    assert_eq!(scene.get(&[]).await, 200);
    assert_eq!(scene.clients().await, ["203.0.113.7", "2001:db8::7", "203.0.113.8", HERE]);
    assert_eq!(scene.incidents(), [""; 0]);
}

#[tokio::test]
async fn a_header_of_anybody_else_changes_nothing() {
    let elsewhere: fn(SessionsBuilder) -> SessionsBuilder =
        |sessions| sessions.trusted_proxies([network("10.0.0.0/8")]);
    for settings in [elsewhere, |sessions| sessions] {
        let scene = Scene::set(settings).await;
        let spoofed = [
            ("x-forwarded-for", "203.0.113.7"),
            ("forwarded", "for=203.0.113.7"),
            ("x-real-ip", "203.0.113.7"),
        ];
        for header in spoofed {
            assert_eq!(scene.get(&[header]).await, 200);
            assert_eq!(http2(scene.address, "GET", "/add", &[header], None).await.0, 200);
        }
        assert_eq!(scene.clients().await, [HERE; 6]);
        assert_eq!(scene.incidents(), [""; 0]);
    }
}

#[tokio::test]
async fn garbage_of_a_trusted_proxy_is_an_incident_and_its_own_address_counts() {
    let scene = Scene::behind_proxies().await;
    assert_eq!(scene.get(&[("X-Forwarded-For", "203.0.113.7, nonsense, 10.0.0.9")]).await, 200);
    assert_eq!(
        scene.get(&[("Forwarded", "for=203.0.113.7"), ("X-Forwarded-For", "198.51.100.1")]).await,
        200
    );
    assert_eq!(scene.get(&[("Forwarded", "for=_hidden")]).await, 200);
    assert_eq!(scene.clients().await, ["10.0.0.9", HERE, HERE]);
    assert_eq!(
        scene.incidents(),
        [
            "input_validation_fail 10.0.0.9: it is no address",
            "input_validation_fail 127.0.0.1: `Forwarded` and `X-Forwarded-For` tell different clients"
        ]
    );
}

#[tokio::test]
async fn the_limit_of_starts_counts_by_the_client_behind_the_proxy() {
    let scene =
        Scene::set(|sessions| sessions.trusted_proxies([network("127.0.0.1/32")]).starts_per_minute(1)).await;
    let from = |client: &'static str| [("X-Forwarded-For", client)];
    assert_eq!(scene.get(&from("203.0.113.7")).await, 200);
    assert_eq!(scene.get(&from("203.0.113.7")).await, 429);
    assert_eq!(scene.get(&from("198.51.100.1, 203.0.113.7")).await, 429, "a made-up hop is no way round it");
    assert_eq!(scene.get(&from("203.0.113.8")).await, 200);
}

#[tokio::test]
async fn a_hook_tells_the_client_where_no_standard_header_does() {
    let scene = Scene::set(|sessions| {
        sessions.trusted_proxies([network("127.0.0.0/8")]).client(|request| {
            let peer = request.remote_addr().as_socket_addr()?.ip();
            request.header("CDN-Client-IP").filter(|_| peer.is_loopback())?.parse().ok()
        })
    })
    .await;
    let list = ("X-Forwarded-For", "198.51.100.1");
    assert_eq!(scene.get(&[("CDN-Client-IP", "::ffff:203.0.113.7"), list]).await, 200);
    assert_eq!(scene.get(&[("CDN-Client-IP", "nonsense"), list]).await, 200);
    assert_eq!(scene.get(&[]).await, 200);
    assert_eq!(scene.clients().await, ["203.0.113.7", "198.51.100.1", HERE]);
}

/// Whoever changed the client's address by making the request anew lost its upgrade.
#[tokio::test]
async fn a_websocket_opens_behind_a_proxy() {
    let scene = Scene::behind_proxies().await;
    let mut socket = WebSocket::open(scene.address, "/echo", &[("X-Forwarded-For", "203.0.113.7")]).await;
    socket.send("hello").await;
    assert_eq!(socket.next().await.as_deref(), Some("hello"));
    assert_eq!(scene.clients().await, ["203.0.113.7"]);
}

#[tokio::test]
async fn a_client_in_the_notation_of_ipv6_is_one_of_ipv4() {
    let database = Database::fresh().await;
    let sessions = Sessions::builder(database.ledger(Policy::default()).await, key_ring());
    let sessions = sessions.trusted_proxies([network("::ffff:10.0.0.0/104")]).build().unwrap();
    let visitor = Visitor::new(&app(Route::new().at("/add", get(add)).with(sessions)));
    let mapped = |ip: &str| format!("::ffff:{ip}").parse::<IpAddr>().unwrap();
    let mut request = visitor.clone().at(mapped("10.0.0.7")).request(poem::http::Method::GET, "/add", "");
    request.headers_mut().insert("x-forwarded-for", "::ffff:203.0.113.7, ::ffff:10.0.0.9".parse().unwrap());
    assert_eq!(visitor.call(request).await.status, 200);
    assert_eq!(visitor.clone().at(mapped("192.0.2.9")).get("/add").await.status, 200);
    let clients = "select host(client_ip) from session_ledger.event where version = 1 order by position";
    let rows = database.connect().await.query(clients, &[]).await.unwrap();
    let clients: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    assert_eq!(clients, ["203.0.113.7", "192.0.2.9"]);
}
