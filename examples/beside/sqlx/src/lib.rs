//! Orders in an application that holds an sqlx pool.
//!
//! Three ways, from the surest on:
//!
//! - [`order`]: what must commit with the session goes through [`Tx`]. One commit.
//! - [`order_by_sqlx`]: an sqlx transaction behind the session's fence, then the session's own change. Two
//!   commits: no order of an ended session, but the cart may stay although it was ordered.
//! - [`list`]: what only reads goes through the application's pool as ever.

use poem::error::InternalServerError;
use poem::http::StatusCode;
use poem::web::Data;
use poem::{Endpoint, EndpointExt, Error, Result, Route, get, handler, post};
use serde::{Deserialize, Serialize};
use session_ledger::ledger::FENCE;
use session_ledger::ledger::tokio_postgres::types::ToSql;
use session_ledger::{Key, Session, SessionId, Sessions, SignedIn, Tx};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

/// The items that the visitor wants to buy.
const CART: Key<Cart> = Key::new("cart");

/// A cart has a number from its first item on, so that it is ordered once however often that is asked for.
#[derive(Default, Serialize, Deserialize)]
struct Cart {
    number: Option<Uuid>,
    items: Vec<String>,
}

/// The application: its own pool, and the sessions around all of it.
pub fn application(pool: PgPool, sessions: Sessions) -> impl Endpoint + 'static {
    let route = Route::new()
        .at("/add", post(add))
        .at("/order", post(order))
        .at("/order-by-sqlx", post(order_by_sqlx))
        .at("/orders", get(list));
    route.data(pool).with(sessions)
}

#[handler]
fn add(session: Session) -> Result<()> {
    Ok(session.update(&CART, |cart| {
        cart.number.get_or_insert_with(Uuid::new_v4);
        cart.items.push("teapot".to_owned());
    })?)
}

/// The order and the emptied cart commit together. The statement is tokio-postgres', which runs the same SQL.
#[handler]
async fn order(tx: Tx, session: SignedIn) -> Result<()> {
    let cart = session.get(&CART)?.unwrap_or_default();
    let insert = "insert into orders (number, who, items) values ($1, $2, $3)";
    let insert = tx.prepare_cached(insert).await.map_err(InternalServerError)?;
    let row: [&(dyn ToSql + Sync); 3] = [&cart.number, &session.user().as_str(), &cart.items];
    tx.execute(&insert, &row).await.map_err(InternalServerError)?;
    Ok(session.remove(&CART)?)
}

/// The order commits first, and the cart's number keeps it from being placed again: a request that loses a
/// race runs again, and a cart that could not be emptied is there still.
#[handler]
async fn order_by_sqlx(session: SignedIn, pool: Data<&PgPool>) -> Result<()> {
    let cart = session.get(&CART)?.unwrap_or_default();
    let mut transaction = pool.begin().await.map_err(InternalServerError)?;
    let insert =
        "insert into orders (number, who, items) values ($1, $2, $3) on conflict (number) do nothing";
    let insert = sqlx::query(insert).bind(cart.number).bind(session.user().as_str()).bind(&cart.items);
    insert.execute(&mut *transaction).await.map_err(InternalServerError)?;
    if !is_live(&mut transaction, session.id()).await.map_err(InternalServerError)? {
        return Err(Error::from_string("please sign in", StatusCode::UNAUTHORIZED));
    }
    transaction.commit().await.map_err(InternalServerError)?;
    Ok(session.remove(&CART)?)
}

/// Whether a session lives, and will until the transaction of this connection is over. Ask last.
///
/// # Errors
///
/// The database is away or refuses.
pub async fn is_live(connection: &mut PgConnection, session: Option<SessionId>) -> sqlx::Result<bool> {
    let held = sqlx::query(FENCE).bind(session.map(|id| id.as_uuid())).fetch_optional(connection).await?;
    Ok(held.is_some())
}

/// Reads by the application's own pool. The session is loaded by the library's.
#[handler]
async fn list(session: SignedIn, pool: Data<&PgPool>) -> Result<String> {
    let select = "select array_to_string(items, ' ') from orders where who = $1 order by number";
    let orders = sqlx::query_scalar::<_, String>(select).bind(session.user().as_str());
    Ok(orders.fetch_all(*pool).await.map_err(InternalServerError)?.join("\n"))
}
