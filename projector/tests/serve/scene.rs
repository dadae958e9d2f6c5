//! A console of a test's own, beside an application whose sessions it shows.

use std::fs;
use std::sync::Arc;

use clap::Parser;
use poem::endpoint::BoxEndpoint;
use poem::http::StatusCode;
use poem::web::Path;
use poem::{EndpointExt, Response, Result, Route, get, handler};
use projector::cli::{Command, CommandLine};
use projector::serve::{self, Ledgers, Settings};
use serde_json::json;
use session_ledger::session::{EventFilter, Key, LoginFilter, Policy, SessionId};
use session_ledger::test::{Answer, Visitor, key_ring};
use session_ledger::{Ledger, Session, Sessions};
use tempfile::TempDir;
use test_support::Database;

const CART: Key<serde_json::Value> = Key::json("cart");
const CARD_PIN: Key<String> = Key::json("card_pin");
const COUNT: Key<u32> = Key::new("count");

/// The host by which tests ask for the console.
pub(crate) const HOST: &str = "localhost:8090";

/// The password of all users in tests.
pub(crate) const PASSWORD: &str = "correct horse battery";

type App = Arc<BoxEndpoint<'static, Response>>;

/// A console and an application on the same database, with the same key ring.
pub(crate) struct Scene {
    pub(crate) database: Database,
    pub(crate) ledger: Ledger,
    pub(crate) console: App,
    shop: App,
    folder: TempDir,
}

impl Scene {
    /// A console without users, on which everybody may end sessions.
    pub(crate) async fn open() -> Self {
        Self::with(&["--may-end"]).await
    }

    pub(crate) async fn with(arguments: &[&str]) -> Self {
        let database = Database::fresh().await;
        let ledger = database.ledger(Policy::default()).await;
        let folder = tempfile::tempdir().unwrap();
        let console = console(&database, arguments).await;
        let shop = shop(ledger.clone());
        Self { database, ledger, console, shop, folder }
    }

    /// A console with users: lines of names and roles.
    pub(crate) async fn with_users(users: &[(&str, &str)]) -> Self {
        let mut scene = Self::open().await;
        scene.write_users(users);
        let file = scene.users_file();
        scene.console = console(&scene.database, &["--users", &file]).await;
        scene
    }

    pub(crate) fn users_file(&self) -> String {
        self.folder.path().join("users").to_str().unwrap().to_owned()
    }

    /// Writes the file of users, readable by its owner alone.
    pub(crate) fn write_users(&self, users: &[(&str, &str)]) {
        let lines: String = users.iter().map(|(name, role)| format!("{name} {role} {}\n", hash())).collect();
        let file = self.users_file();
        fs::write(&file, lines).unwrap();
        #[cfg(unix)]
        fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    }

    /// A browser at the console that is not signed in.
    pub(crate) fn stranger(&self) -> Visitor {
        Visitor::new(&self.console).over_http(HOST).sending("sec-fetch-site", "same-origin")
    }

    /// A browser that has entered a console without users.
    pub(crate) async fn viewer(&self) -> Visitor {
        let visitor = self.stranger();
        let answer = visitor.post("/login", "").await;
        assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, "/"), "{answer:?}");
        visitor
    }

    /// A browser that has signed in as one of the users.
    pub(crate) async fn signed_in(&self, name: &str) -> Visitor {
        let visitor = self.stranger();
        let answer = log_in(&visitor, name, PASSWORD).await;
        assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, "/"), "{answer:?}");
        visitor
    }

    /// A browser at the application.
    pub(crate) fn customer(&self) -> Visitor {
        Visitor::new(&self.shop)
    }

    /// A customer with a cart who has signed in, and their session.
    pub(crate) async fn customer_named(&self, name: &str) -> (Visitor, SessionId) {
        let customer = self.customer();
        for path in ["/fill".to_owned(), format!("/login/{name}")] {
            assert_eq!(customer.get(&path).await.status, StatusCode::OK, "{path}");
        }
        let session = customer.get("/id").await.body.parse().unwrap();
        (customer, session)
    }

    /// What the users of the console are noted to have done.
    pub(crate) async fn notes(&self, user: &str) -> Vec<String> {
        let filter = EventFilter::of_user(user).kind("noted");
        let events = self.ledger.events_page(&filter, None, 1000).await.unwrap().events;
        let told = |event| match event {
            session_ledger::session::Event::Noted(noted) => format!("{}: {}", noted.name, noted.told()),
            other => panic!("{other:?}"),
        };
        events.iter().map(|recorded| told(recorded.entry.event().unwrap())).collect()
    }

    /// How many logins a user has.
    pub(crate) async fn logins(&self, user: &str) -> usize {
        let filter = LoginFilter::all().of_user(user);
        self.ledger.logins_page(&filter, None, 1000).await.unwrap().logins.len()
    }
}

/// Sends the form of the login page.
pub(crate) async fn log_in(visitor: &Visitor, name: &str, password: &str) -> Answer {
    visitor.post("/login", &format!("name={name}&password={}", password.replace(' ', "+"))).await
}

/// The hash of [`PASSWORD`], made once with few rounds.
fn hash() -> String {
    use argon2::password_hash::{PasswordHasher, SaltString};
    let salt = SaltString::encode_b64(b"salt of the test").unwrap();
    let params = argon2::Params::new(64, 1, 1, None).unwrap();
    let argon2 = argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params);
    argon2.hash_password(PASSWORD.as_bytes(), &salt).unwrap().to_string()
}

async fn console(database: &Database, arguments: &[&str]) -> App {
    let arguments = ["projector", "serve"].iter().chain(arguments);
    let Command::Serve(asked) = CommandLine::try_parse_from(arguments).unwrap().command else { panic!() };
    let ledgers = Ledgers {
        audit: database.ledger(Ledgers::audit_policy()).await,
        own: database.ledger(Ledgers::own_policy()).await,
    };
    let (site, _) = serve::open(ledgers, key_ring(), Settings::of(asked).unwrap()).await.unwrap();
    Arc::new(site.boxed())
}

fn shop(ledger: Ledger) -> App {
    let routes = Route::new()
        .at("/id", get(id))
        .at("/fill", get(fill))
        .at("/fill-more", get(fill_more))
        .at("/login/:user", get(login))
        .at("/act-as/:user", get(act_as))
        .at("/logout", get(logout))
        .with(Sessions::new(ledger, key_ring()));
    Arc::new(routes.map_to_response().boxed())
}

#[handler]
fn id(session: Session) -> String {
    session.id().map(|id| id.to_string()).unwrap_or_default()
}

#[handler]
fn fill(session: Session) -> Result<()> {
    session.set(&CART, &json!({ "tea": 2, "payment": { "token": "tok_4242", "name": "<i>Alice</i>" } }))?;
    session.set(&CARD_PIN, &"4711".to_owned())?;
    Ok(session.set(&COUNT, &7)?)
}

#[handler]
fn fill_more(session: Session) -> Result<()> {
    Ok(session.set(&CART, &json!({ "tea": 3 }))?)
}

#[handler]
fn login(session: Session, Path(user): Path<String>) -> Result<()> {
    Ok(session.login(user)?)
}

#[handler]
fn act_as(session: Session, Path(user): Path<String>) -> Result<()> {
    Ok(session.impersonate(user, "A ticket.")?)
}

#[handler]
fn logout(session: Session) -> Result<()> {
    Ok(session.logout()?)
}
