//! A cookie that is not ours, or not whole, makes an anonymous visitor: no query, no 500, no cookie cleared,
//! and somebody is told (ASVS 16.3.3, WSTG-SESS-01).

use std::sync::{Arc, Mutex};

use poem::http::{HeaderValue, Method, header};
use session_ledger::session::Policy;
use session_ledger::web::{Incident, Sessions};
use test_support::{App, Database, Visitor, Wire, application, key_ring};

const NAME: &str = "__Host-session";

/// A signed-in visitor, the application, the incidents it has told of, and the wire to its database.
struct Scene {
    app: App,
    visitor: Visitor,
    token: String,
    incidents: Arc<Mutex<Vec<&'static str>>>,
    wire: Wire,
    _database: Database,
}

async fn scene() -> Scene {
    let database = Database::fresh().await;
    let wire = Wire::to(&database.config());
    let ledger =
        session_ledger::Ledger::builder(wire.config()).policy(Policy::default()).connect().await.unwrap();
    let incidents = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&incidents);
    let hook = move |incident: &Incident| told.lock().unwrap().push(incident.name());
    let app = application(Sessions::builder(ledger, key_ring()).on_incident(hook).build().unwrap());
    let visitor = Visitor::new(&app);
    visitor.post("/login/alice", "").await;
    assert_eq!(visitor.get("/show").await.body, "alice 0");
    let token = visitor.cookie(NAME).unwrap();
    Scene { app, visitor, token, incidents, wire, _database: database }
}

impl Scene {
    /// The answer of `/show` to a request with these Cookie headers.
    async fn show(&self, lines: &[&[u8]]) -> String {
        let mut request = Visitor::new(&self.app).request(Method::GET, "/show", "");
        for line in lines {
            request.headers_mut().append(header::COOKIE, HeaderValue::from_bytes(line).unwrap());
        }
        let answer = self.visitor.call(request).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert!(answer.set_cookies().is_empty(), "nothing is set or cleared: {answer:?}");
        answer.body
    }

    /// Asserts that these Cookie headers make an anonymous visitor without a query. Returns the incidents.
    async fn refused(&self, lines: &[&[u8]]) -> Vec<&'static str> {
        let before = self.wire.trips();
        self.incidents.lock().unwrap().clear();
        assert_eq!(self.show(lines).await, "- 0", "{lines:?}");
        assert_eq!(self.wire.trips(), before, "no query");
        self.incidents.lock().unwrap().clone()
    }

    fn line(&self, name: &str) -> Vec<u8> {
        format!("{name}={}", self.token).into_bytes()
    }
}

#[tokio::test]
async fn a_whole_cookie_is_accepted_beside_any_neighbour() {
    let scene = scene().await;
    let ours = scene.line(NAME);
    let beside = [b"caf\xe9=\xff\xfe; ".as_slice(), &ours, b"; other=1"].concat();
    for lines in [vec![ours.as_slice()], vec![&beside], vec![b"a=b", &ours], vec![b";;; =;", &ours]] {
        assert_eq!(scene.show(&lines).await, "alice 0", "{lines:?}");
    }
}

#[tokio::test]
async fn a_name_that_only_decodes_to_ours_is_not_ours() {
    let scene = scene().await;
    for name in [
        "__%48ost-session",
        "__host-session",
        "\u{2000}__Host-session",
        "$__Host-session",
        "\"__Host-session\"",
    ] {
        let incidents = scene.refused(&[&scene.line(name)]).await;
        assert!(incidents.is_empty(), "{name}: a foreign cookie is nobody's business");
    }
}

#[tokio::test]
async fn two_cookies_of_the_name_are_both_refused() {
    let scene = scene().await;
    let ours = scene.line(NAME);
    let twice = [ours.as_slice(), b"; ", &ours].concat();
    let forged_first = [b"__Host-session=forged; ".as_slice(), &ours].concat();
    for lines in [vec![twice.as_slice()], vec![&forged_first], vec![&ours, &ours]] {
        assert_eq!(scene.refused(&lines).await, ["malicious_direct_reference"]);
    }
}

#[tokio::test]
async fn a_garbled_truncated_foreign_or_oversized_cookie_is_refused() {
    let scene = scene().await;
    let (half, double) = (&scene.token[..54], [scene.token.as_str(), &scene.token].concat());
    let (padded, quoted) = (format!("{}=", scene.token), format!("\"{}\"", scene.token));
    let oversized = "A".repeat(100_000);
    for value in ["", "x", half, &double, &padded, &quoted, &oversized, &"A".repeat(140)] {
        let line = format!("{NAME}={value}");
        assert_eq!(scene.refused(&[line.as_bytes()]).await, ["crypt_decrypt_fail"], "{} bytes", value.len());
    }
}

#[tokio::test]
async fn every_single_byte_of_a_token_counts() {
    let scene = scene().await;
    for position in 0..scene.token.len() {
        let mut flipped = scene.token.clone().into_bytes();
        flipped[position] = if flipped[position] == b'A' { b'B' } else { b'A' };
        let line = [NAME.as_bytes(), b"=", &flipped].concat();
        assert_eq!(scene.refused(&[&line]).await, ["crypt_decrypt_fail"], "position {position}");
    }
}

#[tokio::test]
async fn a_token_of_another_audience_or_key_is_refused() {
    let scene = scene().await;
    let ledger = scene._database.ledger(Policy::default()).await;
    let other = Sessions::builder(ledger, key_ring()).audience("another tenant").build().unwrap();
    let visitor = Visitor::new(&application(other));
    visitor.post("/login/mallory", "").await;
    let line = format!("{NAME}={}", visitor.cookie(NAME).unwrap());
    assert_eq!(scene.refused(&[line.as_bytes()]).await, ["crypt_decrypt_fail"]);
}
