//! User ids of the application's own type: given to `login` and read back by handlers without parsing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::num::ParseIntError;
use std::str::FromStr;

use poem::web::Path;
use poem::{EndpointExt, Result, Route, get, handler};
use session_ledger::session::{Policy, UserId};
use session_ledger::web::{Session, Sessions, SignedIn};
use test_support::{CapturedLog, Database, Visitor, app, key_ring};
use uuid::Uuid;

/// An id of the application's own.
#[derive(Clone, Copy, Debug, PartialEq)]
struct AccountId(i64);

impl From<AccountId> for UserId {
    fn from(id: AccountId) -> Self {
        Self::from(id.0)
    }
}

impl FromStr for AccountId {
    type Err = ParseIntError;

    fn from_str(text: &str) -> Result<Self, ParseIntError> {
        text.parse().map(Self)
    }
}

#[handler]
fn login_uuid(session: Session, Path(id): Path<Uuid>) -> Result<()> {
    Ok(session.login(id)?)
}

#[handler]
fn login_account(session: Session, Path(id): Path<i64>) -> Result<()> {
    Ok(session.login(AccountId(id))?)
}

#[handler]
fn impersonate(session: SignedIn, Path(id): Path<i64>) -> Result<()> {
    Ok(session.impersonate(AccountId(id), "A ticket.")?)
}

#[handler]
fn by_uuid(session: SignedIn) -> Result<String> {
    Ok(session.user_as::<Uuid>()?.as_u128().to_string())
}

#[handler]
fn by_account(session: SignedIn) -> Result<String> {
    let AccountId(number) = session.user_as()?;
    Ok((number + 1).to_string())
}

#[handler]
fn maybe(session: Session) -> Result<String> {
    Ok(format!("{:?}", session.user_as::<AccountId>()?))
}

async fn visitor() -> (Visitor, Database) {
    let database = Database::fresh().await;
    let sessions = Sessions::new(database.ledger(Policy::default()).await, key_ring());
    let route = Route::new()
        .at("/login/uuid/:id", get(login_uuid))
        .at("/login/account/:id", get(login_account))
        .at("/impersonate/:id", get(impersonate))
        .at("/uuid", get(by_uuid))
        .at("/account", get(by_account))
        .at("/maybe", get(maybe));
    (Visitor::new(&app(route.with(sessions))), database)
}

async fn text(visitor: &Visitor, path: &str) -> String {
    let answer = visitor.get(path).await;
    assert_eq!(answer.status, 200, "{path}: {answer:?}");
    answer.body
}

#[tokio::test]
async fn a_user_is_read_as_the_type_that_was_logged_in() {
    let (visitor, _database) = visitor().await;
    assert_eq!(text(&visitor, "/maybe").await, "None");
    text(&visitor, "/login/account/41").await;
    assert_eq!(text(&visitor, "/account").await, "42");
    assert_eq!(text(&visitor, "/maybe").await, "Some(AccountId(41))");
    text(&visitor, "/impersonate/7").await;
    assert_eq!(text(&visitor, "/account").await, "8", "the user whom the session acts as");
    let id = Uuid::from_u128(5);
    text(&visitor, &format!("/login/uuid/{id}")).await;
    assert_eq!(text(&visitor, "/uuid").await, "5");
}

/// The log says what is wrong and of which session. It says no id of a user: it may be personal.
#[tokio::test]
async fn a_user_of_another_type_is_an_error_that_names_the_type() {
    let (visitor, _database) = visitor().await;
    text(&visitor, "/login/account/987654321").await;
    let (log, guard) = CapturedLog::listen(tracing::Level::INFO);
    assert_eq!(visitor.get("/uuid").await.status, 500);
    drop(guard);
    let said = log.text();
    assert!(
        said.contains("the session's user id is no `uuid::Uuid`: log users in with ids of this type"),
        "{said}"
    );
    assert!(!said.contains("987654321"), "{said}");
}
