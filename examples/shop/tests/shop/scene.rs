//! A shop of a test's own.

use std::time::{Duration, Instant};

use rand::rngs::SysRng;
use session_ledger::test::{Application, Database, Visitor};
use session_ledger::token::{CookieSettings, KeyRing, KeyState};
use tokio_postgres::Client;

/// The name of the shop's cookie.
pub(crate) const COOKIE: &str = "__Host-session";

/// A new shop.
pub(crate) struct Shop {
    site: Application,
    pub(crate) database: Database,
    /// A connection to the tables, past the shop.
    tables: Client,
}

impl Shop {
    pub(crate) async fn open() -> Self {
        let database = Database::fresh().await;
        let keys = KeyRing::parse(&KeyRing::generate_entry(KeyState::Primary, &mut SysRng).unwrap()).unwrap();
        let opened = shop::open(&database.config(), keys, CookieSettings::default()).await;
        let (site, sessions) = opened.unwrap();
        let tables = database.connect().await;
        Self { site: Application::new(site, &sessions), database, tables }
    }

    /// A browser that says, as browsers do, that its forms come from the shop's own pages.
    pub(crate) fn visitor(&self) -> Visitor {
        self.site.visitor().sending("host", "shop.example").sending("sec-fetch-site", "same-origin")
    }

    /// A visitor whose browser says only this of where its forms come from.
    pub(crate) fn visitor_from(&self, headers: &[(&str, &str)]) -> Visitor {
        let visitor = self.site.visitor().sending("host", "shop.example");
        headers.iter().fold(visitor, |visitor, (name, value)| visitor.sending(name, value))
    }

    /// A visitor who is signed in as one of the demo users.
    pub(crate) async fn customer(&self, name: &str) -> Visitor {
        let visitor = self.visitor();
        self.site.sign_in(&visitor, name).await;
        visitor
    }

    /// One number from the tables.
    pub(crate) async fn number(&self, query: &str) -> i64 {
        self.tables.query_one(query, &[]).await.unwrap().get(0)
    }

    pub(crate) async fn stock(&self, product: i32) -> i64 {
        self.number(&format!("select stock::bigint from shop.product where id = {product}")).await
    }

    /// The failed logins, once so many are recorded: who was tried and why it was refused.
    pub(crate) async fn failed_logins(&self, number: usize) -> Vec<String> {
        let query =
            "select concat_ws(' ', user_id, reason) from session_ledger.login_failure order by failed_at";
        let patience = Instant::now() + Duration::from_secs(20);
        loop {
            let rows = self.tables.query(query, &[]).await.unwrap();
            if rows.len() >= number {
                return rows.iter().map(|row| row.get(0)).collect();
            }
            assert!(Instant::now() < patience, "{} of {number} failed logins are recorded", rows.len());
        }
    }

    pub(crate) async fn events(&self) -> i64 {
        self.number("select count(*) from session_ledger.event").await
    }
}

/// The public name of a visitor's session, as the page with its history shows it.
pub(crate) async fn session_of(visitor: &Visitor) -> String {
    let page = visitor.get("/history").await.body;
    page.split("<code>").nth(1).and_then(|rest| rest.split("</code>").next()).unwrap().to_owned()
}

/// Logs in by the shop's own page, as a demo user.
pub(crate) async fn log_in(visitor: &Visitor, name: &str) {
    let (_, password) = shop::DEMO_USERS.into_iter().find(|(user, _)| *user == name).unwrap();
    let form = format!("name={name}&password={}", password.replace(' ', "+"));
    assert_eq!(visitor.post("/login", &form).await.header("location"), "/");
    assert!(visitor.get("/").await.body.contains(&format!("Welcome, {name}.")));
}
