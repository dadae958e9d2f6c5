//! Browsers that were signed in before: the device cookie, and who hears of a new one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use poem::web::Path;
use poem::{EndpointExt, Result, Route, get, handler, post};
use session_ledger::Ledger;
use session_ledger::session::{DeviceId, Event, Policy};
use session_ledger::token::{CookieSettings, KeyRing};
use session_ledger::web::{Session, Sessions, Settings};
use test_support::{App, Database, Visitor, app, application, key_ring};

const NAME: &str = "__Host-session-device";
const DAYS_400: Duration = Duration::from_secs(400 * 24 * 3600);

#[handler]
fn login_then(session: Session, Path((user, status)): Path<(String, u16)>) -> Result<poem::Response> {
    session.login(user)?;
    let status = poem::http::StatusCode::from_u16(status).unwrap();
    Ok(poem::Response::builder().status(status).finish())
}

#[handler]
fn own_device(session: Session) -> String {
    session.device().map_or("-".to_owned(), |device| device.to_string())
}

type Seen = Arc<Mutex<Vec<(String, DeviceId, bool)>>>;

struct Scene {
    database: Database,
    ledger: Ledger,
    app: App,
    /// What the application heard of: user, device, whether it is new.
    seen: Seen,
}

impl Scene {
    async fn set() -> Self {
        let database = Database::fresh().await;
        let seen = Seen::default();
        let heard = Arc::clone(&seen);
        let builder = database.builder().on_committed(move |committed| {
            if let Ok(Event::DeviceSeen(fact)) = committed.entry.event() {
                let user = committed.entry.user.as_ref().unwrap().to_string();
                heard.lock().unwrap().push((user, fact.device, fact.is_new));
            }
        });
        let ledger = builder.connect().await.unwrap();
        let app = pages(sessions(&ledger, key_ring()));
        Self { database, ledger, app, seen }
    }

    fn visitor(&self) -> Visitor {
        Visitor::new(&self.app)
    }

    /// Who was told of which device since this was asked last.
    fn told(&self) -> Vec<(String, DeviceId, bool)> {
        std::mem::take(&mut self.seen.lock().unwrap())
    }
}

fn sessions(ledger: &Ledger, keys: KeyRing) -> Sessions {
    Sessions::builder(ledger.clone(), keys).known_devices(DAYS_400).build().unwrap()
}

fn pages(sessions: Sessions) -> App {
    let more = Route::new().at("/login/:user/then/:status", post(login_then)).at("/device", get(own_device));
    let nested = Route::new().nest("/more", more.with(sessions.clone())).nest("/", application(sessions));
    app(nested)
}

#[tokio::test]
async fn a_login_gives_a_browser_a_cookie_of_its_own_and_tells_of_a_new_device() {
    let scene = Scene::set().await;
    let alice = scene.visitor();
    let answer = alice.post("/login/alice", "").await;
    let cookies = answer.set_cookies();
    assert_eq!(cookies.len(), 2);
    let (value, attributes) = cookies[1].split_once("; ").unwrap();
    assert_eq!(value.len(), NAME.len() + 1 + 140);
    assert!(value.starts_with(NAME));
    assert_eq!(attributes, "Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=34560000");
    assert_eq!(answer.header("cache-control"), "no-store");

    let [(user, device, is_new)] = &scene.told()[..] else { panic!("one device is told of") };
    assert_eq!((user.as_str(), *is_new), ("alice", true));
    assert_eq!(alice.get("/more/device").await.body, device.to_string());

    alice.post("/logout", "").await;
    let again = alice.post("/login/alice", "").await;
    assert_eq!(again.set_cookies().len(), 2, "its time begins anew");
    assert_eq!(scene.told(), [("alice".to_owned(), *device, false)]);
    alice.post("/login/alice", "").await;
    assert_eq!(scene.told(), [], "nothing is new within a session");
}

#[tokio::test]
async fn a_browser_is_new_to_each_of_its_users_once() {
    let scene = Scene::set().await;
    let family = scene.visitor();
    family.post("/login/alice", "").await;
    let (_, device, _) = scene.told()[0];
    family.post("/login/bob", "").await;
    assert_eq!(scene.told(), [("bob".to_owned(), device, true)], "the same browser, another user");
    family.post("/login/alice", "").await;
    assert_eq!(scene.told(), [("alice".to_owned(), device, false)]);

    let elsewhere = scene.visitor();
    elsewhere.post("/login/alice", "").await;
    let told = scene.told();
    assert!(told[0].2 && told[0].1 != device, "another browser is another device");
}

#[tokio::test]
async fn asvs_7_6_2_no_visitor_gets_a_device_cookie() {
    let scene = Scene::set().await;
    let visitor = scene.visitor();
    for path in ["/show", "/add", "/flash/hello", "/renew", "/me"] {
        visitor.get(path).await;
    }
    assert_eq!(visitor.cookie(NAME), None);
    assert_eq!(visitor.get("/more/device").await.body, "-");
}

#[tokio::test]
async fn a_login_that_is_rolled_back_leaves_no_trace() {
    let scene = Scene::set().await;
    let alice = scene.visitor();
    assert_eq!(alice.post("/more/login/alice/then/500", "").await.set_cookies(), [""; 0]);
    assert_eq!(scene.told(), []);
    assert_eq!(scene.database.count("session_ledger.event").await, 0);
    assert_eq!(alice.post("/more/login/alice/then/400", "").await.set_cookies().len(), 2);
}

/// A second login that joins the session of the first would be mailed as a second device.
#[tokio::test]
async fn a_login_clicked_twice_is_one_device() {
    let scene = Scene::set().await;
    let alice = scene.visitor();
    alice.get("/add").await;
    let other_tab = alice.copy();
    alice.post("/login/alice", "").await;
    other_tab.post("/login/alice", "").await;
    let [(_, device, true)] = scene.told()[..] else { panic!("one device is told of") };
    other_tab.post("/logout", "").await;
    other_tab.post("/login/alice", "").await;
    assert_eq!(scene.told(), [("alice".to_owned(), device, false)], "whichever cookie the browser keeps");
}

#[tokio::test]
async fn a_device_cookie_is_of_its_own_purpose_and_of_our_keys_alone() {
    let scene = Scene::set().await;
    let alice = scene.visitor();
    alice.post("/login/alice", "").await;
    let (session, device) = (alice.cookie("__Host-session").unwrap(), alice.cookie(NAME).unwrap());
    scene.told();

    let swapped = scene.visitor();
    swapped.put_cookie("__Host-session", device.clone());
    assert_eq!(swapped.get("/me").await.status, 401, "a device cookie opens no session");
    let mut forged = device.clone().into_bytes();
    forged[70] = if forged[70] == b'A' { b'B' } else { b'A' };
    for value in [session.into_bytes(), forged, b"rubbish".to_vec(), Vec::new()] {
        let browser = scene.visitor();
        browser.put_cookie(NAME, value);
        browser.post("/login/alice", "").await;
        assert!(scene.told()[0].2, "what cannot be read is no device");
        assert_ne!(browser.cookie(NAME).unwrap(), device);
    }

    let copied = scene.visitor();
    copied.put_cookie(NAME, device);
    assert_eq!(copied.get("/me").await.status, 401, "and proves nothing");
    copied.post("/login/alice", "").await;
    assert!(!scene.told()[0].2);
}

#[tokio::test]
async fn lists_tell_devices_apart_by_name_and_first_seen() {
    let scene = Scene::set().await;
    let (laptop, phone) = (scene.visitor().named("Firefox"), scene.visitor().named("Firefox"));
    laptop.post("/login/alice", "").await;
    laptop.post("/logout", "").await;
    laptop.post("/login/alice", "").await;
    phone.post("/login/alice", "").await;
    let user = "alice".into();
    let sessions = scene.ledger.sessions(&user).await.unwrap();
    let page = scene.ledger.sessions_page(&user, None, 10).await.unwrap();
    for mut list in [sessions, page] {
        list.sort_by_key(|summary| summary.id);
        let devices: Vec<_> = list.iter().map(|summary| summary.device.unwrap()).collect();
        assert!(list[0].ended.is_some(), "an ended session keeps its device");
        assert!(devices[0] == devices[1] && devices[1] != devices[2]);
        assert!(devices[0].first_seen() <= devices[2].first_seen());
    }
}

#[tokio::test]
async fn off_means_off() {
    let database = Database::fresh().await;
    let ledger = database.ledger(Policy::default()).await;
    let alice = Visitor::new(&application(Sessions::new(ledger.clone(), key_ring())));
    assert_eq!(alice.post("/login/alice", "").await.set_cookies().len(), 1);
    assert_eq!(database.count("session_ledger.event").await, 2, "started and logged in");
    assert_eq!(ledger.sessions(&"alice".into()).await.unwrap()[0].device, None);
}

#[tokio::test]
async fn what_browsers_would_refuse_is_refused_with_its_name() {
    let ledger = Database::fresh().await.ledger(Policy::default()).await;
    let build = |cookie: CookieSettings, max_age| {
        Sessions::builder(ledger.clone(), key_ring()).cookie(cookie).known_devices(max_age).build()
    };
    let long = build(CookieSettings::default(), DAYS_400 + Duration::from_secs(1)).unwrap_err().to_string();
    assert!(long.starts_with("setting `known_devices`: The cookie setting `max_age` "), "{long}");
    assert!(build(CookieSettings::default(), Duration::ZERO).is_err());
    assert!(build(CookieSettings::default().name("session").insecure(), DAYS_400).is_ok());

    let settings: Settings = serde_json::from_str(r#"{ "requests": { "known_devices": "400d" } }"#).unwrap();
    assert_eq!((settings.requests.known_devices, settings.validate()), (Some(34_560_000), Ok(())));
    let settings: Settings = serde_json::from_str(r#"{ "requests": { "known_devices": "401d" } }"#).unwrap();
    assert!(settings.validate().is_err());
}
