//! Sessions of a day and a half, as an application would have had them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use poem::endpoint::BoxEndpoint;
use poem::web::Path;
use poem::{EndpointExt, Response, Result, Route, get, handler};
use serde_json::json;
use session_ledger::ledger::End;
use session_ledger::session::{Assurance, EndReason, Flash, Key, Policy};
use session_ledger::test::{Visitor, key_ring};
use session_ledger::{Ledger, Session, Sessions};
use test_support::Database;
use tokio_postgres::Client;

const CART: Key<serde_json::Value> = Key::json("cart");
const CARD_PIN: Key<String> = Key::json("card_pin");
const SEEN: Key<u32> = Key::new("seen");

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0";
const SAFARI: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) \
                      Version/18.6 Mobile/15E148 Safari/604.1";
const EDGE: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) \
                    Chrome/141.0.0.0 Safari/537.36 Edg/141.0.0.0";

/// When the stories begin, in minutes before now.
const BEGINNING: u64 = 36 * 60;

type App = Arc<BoxEndpoint<'static, Response>>;

/// An application whose clock is moved: the minutes that have passed since the beginning.
struct Clock {
    database: Client,
    minutes: Arc<AtomicU64>,
}

impl Clock {
    /// Lets time pass until so many minutes before now.
    async fn go_to(&self, minutes_ago: u64) {
        self.minutes.store(BEGINNING - minutes_ago, Ordering::Relaxed);
        let replace = format!(
            "create or replace function session_ledger.clock() returns timestamptz language sql volatile parallel safe
                 return clock_timestamp() - interval '{minutes_ago} minutes'"
        );
        self.database.batch_execute(&replace).await.unwrap();
    }
}

/// Tells all of them, and returns a ledger of the present.
pub(crate) async fn tell(database: &Database) -> Ledger {
    let clock = Clock { database: database.connect().await, minutes: Arc::default() };
    clock.go_to(BEGINNING).await;
    let (started, minutes) = (Instant::now(), Arc::clone(&clock.minutes));
    let uptime = move || started.elapsed() + Duration::from_secs(60 * minutes.load(Ordering::Relaxed));
    let ledger = database.builder().policy(Policy::default()).uptime(uptime).connect().await.unwrap();
    let app = app(ledger.clone());
    everyday_life(&app, &clock, &ledger).await;
    long_session_of_alice(&app, &clock).await;
    for (name, agent, last) in [("bob", EDGE, 23), ("alice", SAFARI, 7), ("carol", FIREFOX, 31)] {
        let visitor = visitor(&app, agent, last);
        walk(&visitor, &["fill", &format!("login-{name}")]).await;
    }
    clock.go_to(0).await;
    database.ledger(Policy::default()).await
}

/// Signs somebody in now.
pub(crate) async fn sign_in(ledger: &Ledger, name: &str) {
    walk(&visitor(&app(ledger.clone()), FIREFOX, 99), &[&format!("login-{name}")]).await;
}

/// Logins in waves, as days have them; most sign out after a while, and some sessions are ended.
async fn everyday_life(app: &App, clock: &Clock, ledger: &Ledger) {
    let names = ["bob", "carol", "dora", "erik", "fatima", "george"];
    let mut here: Vec<Visitor> = Vec::new();
    for nth in 0..33_u64 {
        clock.go_to(BEGINNING - nth * 60).await;
        let many = [0, 1, 0, 1, 2, 4, 3, 5, 3, 2, 1, 0][nth as usize % 12];
        for one in 0..many {
            let at = (nth * 7 + one * 3) as usize;
            let visitor = visitor(app, [FIREFOX, SAFARI, EDGE][at % 3], at as u8 % 200 + 1);
            walk(&visitor, &[&format!("login-{}", names[at % names.len()])]).await;
            here.push(visitor);
        }
        for visitor in here.drain(..here.len() / 2) {
            walk(&visitor, &["logout"]).await;
        }
        if nth % 5 == 4 && !here.is_empty() {
            let id = here.remove(0).get("/id").await.body.parse().unwrap();
            ledger.end(id, End::because(EndReason::Revoked).by("console:anna")).await.unwrap();
        }
    }
}

/// A session with something of everything.
async fn long_session_of_alice(app: &App, clock: &Clock) {
    let alice = visitor(app, FIREFOX, 7);
    let steps: [(u64, &[&str]); 9] = [
        (170, &["fill"]),
        (165, &["fill-more", "login-alice"]),
        (150, &["fill", "fill-more"]),
        (120, &["renew", "prove"]),
        (105, &["act-as-bob"]),
        (85, &["fill", "act-as-oneself"]),
        (70, &["flash", "fill-more", "note"]),
        (55, &["renew", "fill"]),
        (40, &["logout"]),
    ];
    for (minutes_ago, deeds) in steps {
        clock.go_to(minutes_ago).await;
        walk(&alice, deeds).await;
    }
}

fn visitor(app: &App, agent: &str, last: u8) -> Visitor {
    Visitor::new(app).named(agent).at([192, 0, 2, last].into())
}

async fn walk(visitor: &Visitor, deeds: &[&str]) {
    for deed in deeds {
        let answer = visitor.get(&format!("/{deed}")).await;
        assert!(answer.status.is_success(), "{deed}: {answer:?}");
    }
}

fn app(ledger: Ledger) -> App {
    let routes = Route::new().at("/:deed", get(act)).with(Sessions::new(ledger, key_ring()));
    Arc::new(routes.map_to_response().boxed())
}

#[handler]
fn act(session: Session, Path(deed): Path<String>) -> Result<String> {
    match deed.as_str() {
        "fill" => {
            session
                .set(&CART, &json!({ "tea": 2, "payment": { "token": "tok_4242", "brand": "Maestro" } }))?;
            session.set(&CARD_PIN, &"4711".to_owned())?;
            session.set(&SEEN, &7)?;
        }
        "fill-more" => session.set(&CART, &json!({ "tea": 3, "cups": ["blue", "white"] }))?,
        "renew" => session.renew()?,
        "prove" => session.reauthenticate(&["pwd", "otp"], Assurance::Aal2)?,
        "act-as-bob" => session.impersonate("bob", "Ticket 4711")?,
        "act-as-oneself" => session.end_impersonation()?,
        "flash" => session.flash("", Flash::info("Welcome back."))?,
        "note" => session.note_text("ordered", "number 42")?,
        "logout" => session.logout()?,
        "id" => return Ok(session.id().map(|id| id.to_string()).unwrap_or_default()),
        login => session.login(login.strip_prefix("login-").unwrap())?,
    }
    Ok(String::new())
}
