//! A visitor with a browser, in a shop of their own.

use poem::http::{HeaderMap, Method, StatusCode, header};
use poem::{Body, Endpoint, Request, Response};
use rand::rngs::SysRng;
use session_ledger::token::{CookieSettings, KeyRing, KeyState};
use test_support::Database;
use tokio_postgres::Client;

/// A new shop.
pub(crate) struct Shop {
    endpoint: Box<dyn poem::endpoint::DynEndpoint<Output = Response>>,
    pub(crate) database: Database,
    /// A connection to the tables, past the shop.
    pub(crate) tables: Client,
}

impl Shop {
    pub(crate) async fn open() -> Self {
        let database = Database::fresh().await;
        let keys = KeyRing::parse(&KeyRing::generate_entry(KeyState::Primary, &mut SysRng).unwrap()).unwrap();
        let shop = shop::open(&database.config(), keys, CookieSettings::default()).await.unwrap();
        let tables = database.connect().await;
        Self { endpoint: Box::new(poem::endpoint::ToDynEndpoint(shop)), database, tables }
    }

    pub(crate) fn visitor(&self) -> Visitor<'_> {
        Visitor { shop: self, cookie: None }
    }

    /// A visitor who has logged in as one of the demo users.
    pub(crate) async fn customer(&self, name: &str) -> Visitor<'_> {
        let mut visitor = self.visitor();
        visitor.log_in(name).await;
        visitor
    }

    /// One number from the tables.
    pub(crate) async fn number(&self, query: &str) -> i64 {
        self.tables.query_one(query, &[]).await.unwrap().get(0)
    }

    pub(crate) async fn stock(&self, product: i32) -> i64 {
        self.number(&format!("select stock::bigint from shop.product where id = {product}")).await
    }

    pub(crate) async fn events(&self) -> i64 {
        self.number("select count(*) from session_ledger.event").await
    }
}

/// A browser with room for one cookie.
pub(crate) struct Visitor<'a> {
    shop: &'a Shop,
    pub(crate) cookie: Option<String>,
}

/// The shop's answer.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

impl Visitor<'_> {
    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        self.send(Method::GET, path, &[], "").await
    }

    pub(crate) async fn post(&mut self, path: &str, form: &str) -> Answer {
        self.send(Method::POST, path, &[("sec-fetch-site", "same-origin")], form).await
    }

    /// Sends a request with headers of the caller's choice.
    pub(crate) async fn send(
        &mut self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        form: &str,
    ) -> Answer {
        let mut request =
            Request::builder().method(method).uri_str(path).header(header::HOST, "shop.example");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(cookie) = &self.cookie {
            request = request.header(header::COOKIE, format!("__Host-session={cookie}"));
        }
        let request = request
            .header(header::CONTENT_LENGTH, form.len())
            .content_type("application/x-www-form-urlencoded")
            .body(Body::from(form.to_owned()));
        let mut response = self.shop.endpoint.get_response(request).await;
        self.keep_cookie(response.headers());
        let text = response.take_body().into_string().await.unwrap();
        Answer { status: response.status(), headers: response.headers().clone(), text }
    }

    pub(crate) async fn log_in(&mut self, name: &str) {
        let (_, password) = shop::DEMO_USERS.into_iter().find(|(user, _)| *user == name).unwrap();
        let form = format!("name={name}&password={}", password.replace(' ', "+"));
        assert_eq!(self.post("/login", &form).await.status, StatusCode::SEE_OTHER);
        assert!(self.get("/").await.text.contains(&format!("Welcome, {name}.")));
    }

    /// The public name of the session, as the page with its history shows it.
    pub(crate) async fn session(&mut self) -> String {
        let page = self.get("/history").await.text;
        page.split("<code>").nth(1).and_then(|rest| rest.split("</code>").next()).unwrap().to_owned()
    }

    fn keep_cookie(&mut self, headers: &HeaderMap) {
        let Some(cookie) = headers.get(header::SET_COOKIE) else { return };
        let value = cookie.to_str().unwrap().strip_prefix("__Host-session=").unwrap();
        let value = value.split(';').next().unwrap();
        self.cookie = (!value.is_empty()).then(|| value.to_owned());
    }
}
