//! Orders in an application that holds a diesel pool, by diesel-async, which needs no libpq.
//!
//! Three ways, from the surest on:
//!
//! - [`order`]: what must commit with the session goes through [`Tx`]. One commit.
//! - [`order_by_diesel`]: a diesel transaction behind the session's fence, then the session's own change. Two
//!   commits: no order of an ended session, but the cart may stay although it was ordered.
//! - [`list`]: what only reads goes through the application's pool as ever.

use diesel::prelude::*;
use diesel::sql_types::{Bool, Uuid as SqlUuid};
use diesel::{QueryableByName, sql_query};
use diesel_async::pooled_connection::deadpool::Pool;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use poem::error::InternalServerError;
use poem::http::StatusCode;
use poem::web::Data;
use poem::{Endpoint, EndpointExt, Error, Result, Route, get, handler, post};
use serde::{Deserialize, Serialize};
use session_ledger::ledger::FENCE;
use session_ledger::ledger::tokio_postgres::Client;
use session_ledger::ledger::tokio_postgres::types::ToSql;
use session_ledger::{Key, Session, SessionId, Sessions, SignedIn, Tx};
use uuid::Uuid;

diesel::table! {
    orders (number) {
        number -> Uuid,
        who -> Text,
        items -> Array<Text>,
    }
}

/// The items that the visitor wants to buy.
const CART: Key<Cart> = Key::new("cart");

/// A cart has a number from its first item on, so that it is ordered once however often that is asked for.
#[derive(Default, Serialize, Deserialize)]
struct Cart {
    number: Option<Uuid>,
    items: Vec<String>,
}

/// The application: its own pool, and the sessions around all of it.
pub fn application(pool: Pool<AsyncPgConnection>, sessions: Sessions) -> impl Endpoint + 'static {
    let route = Route::new()
        .at("/add", post(add))
        .at("/order", post(order))
        .at("/order-by-diesel", post(order_by_diesel))
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

/// The order and the emptied cart commit together. The statement is tokio-postgres', in text.
#[handler]
async fn order(tx: Tx, session: SignedIn) -> Result<()> {
    let cart = session.get(&CART)?.unwrap_or_default();
    let insert = "insert into orders (number, who, items) values ($1, $2, $3)";
    let insert = tx.prepare_cached(insert).await.map_err(InternalServerError)?;
    let row: [&(dyn ToSql + Sync); 3] = [&cart.number, &session.user().as_str(), &cart.items];
    // By its type, as diesel gives everything a method of that name.
    let client: &Client = &tx;
    client.execute(&insert, &row).await.map_err(InternalServerError)?;
    Ok(session.remove(&CART)?)
}

/// The order commits first, and the cart's number keeps it from being placed again: a request that loses a
/// race runs again, and a cart that could not be emptied is there still.
#[handler]
async fn order_by_diesel(session: SignedIn, pool: Data<&Pool<AsyncPgConnection>>) -> Result<()> {
    let cart = session.get(&CART)?.unwrap_or_default();
    let Some(number) = cart.number else { return Ok(()) };
    let (who, id) = (session.user().as_str().to_owned(), session.id());
    let mut connection = pool.get().await.map_err(InternalServerError)?;
    let placed = connection.transaction(async |connection| {
        let row = (orders::number.eq(number), orders::who.eq(who), orders::items.eq(cart.items));
        let insert = diesel::insert_into(orders::table).values(row).on_conflict_do_nothing();
        insert.execute(connection).await?;
        if is_live(connection, id).await? { Ok(()) } else { Err(diesel::result::Error::RollbackTransaction) }
    });
    match placed.await {
        Ok(()) => Ok(session.remove(&CART)?),
        Err(diesel::result::Error::RollbackTransaction) => {
            Err(Error::from_string("please sign in", StatusCode::UNAUTHORIZED))
        }
        Err(error) => Err(InternalServerError(error)),
    }
}

/// Whether a session lives, and will until the transaction of this connection is over. Ask last.
///
/// # Errors
///
/// The database is away or refuses.
pub async fn is_live(connection: &mut AsyncPgConnection, session: Option<SessionId>) -> QueryResult<bool> {
    #[derive(QueryableByName)]
    struct Held {
        #[diesel(sql_type = Bool)]
        held: bool,
    }
    let Some(session) = session else { return Ok(false) };
    let query = sql_query(FENCE).bind::<SqlUuid, _>(session.as_uuid());
    Ok(query.get_result::<Held>(connection).await.optional()?.is_some_and(|row| row.held))
}

/// Reads by the application's own pool. The session is loaded by the library's.
#[handler]
async fn list(session: SignedIn, pool: Data<&Pool<AsyncPgConnection>>) -> Result<String> {
    let mut connection = pool.get().await.map_err(InternalServerError)?;
    let select = orders::table.filter(orders::who.eq(session.user().as_str())).order(orders::number);
    let rows: Vec<Vec<String>> =
        select.select(orders::items).load(&mut connection).await.map_err(InternalServerError)?;
    Ok(rows.iter().map(|items| items.join(" ")).collect::<Vec<_>>().join("\n"))
}
