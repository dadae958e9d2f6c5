//! Placing an order: the shop's rows and the session's cart change together, or not at all.

use askama::Template;
use deadpool_postgres::Pool;
use poem::http::StatusCode;
use poem::web::{Data, Form, Html};
use poem::{Error, IntoResponse, Response, Result, handler};
use serde::Deserialize;
use session_ledger::ledger;
use session_ledger::session::Flash;
use session_ledger::web::{SignedIn, Tx};
use uuid::Uuid;

use super::{render, to};
use crate::cart::{CART, Cart};
use crate::database::{self, Purchase};
use crate::frame::{Frame, NOTICES};
use crate::price::Price;
use crate::when;

#[derive(Template)]
#[template(path = "orders.html")]
struct Orders {
    frame: Frame,
    purchases: Vec<Purchase>,
}

#[derive(Template)]
#[template(path = "refused.html")]
struct Refused {
    frame: Frame,
    reason: &'static str,
}

#[derive(Deserialize)]
struct Payment {
    /// Ticked by visitors who want to see an order fail at the last moment.
    fails: Option<String>,
}

#[handler]
pub(crate) async fn list(session: SignedIn, pool: Data<&Pool>) -> Result<Html<String>> {
    let purchases = database::purchases(&pool, session.user().as_str()).await?;
    render(&Orders { frame: Frame::new(&session, "/orders")?, purchases })
}

/// `Tx` comes first, so that its transaction loads the session as well, without a trip of its own. The
/// middleware commits when this has returned `Ok`. An `Err` undoes all of it: the stock taken, the rows, the
/// note, the message and the emptied cart.
#[handler]
pub(crate) async fn place(tx: Tx, session: SignedIn, Form(payment): Form<Payment>) -> Result<Response> {
    let frame = Frame::without_notices(&session, "/cart")?;
    let cart = session.get(&CART)?.unwrap_or_default();
    if cart.is_empty() {
        return Ok(to("/cart"));
    }
    let buyer = (session.user().as_str(), session.id().map(|id| id.as_uuid()));
    let Some((number, total)) = buy(&tx, buyer, &cart).await? else {
        return Err(refuse(frame, StatusCode::CONFLICT, "We have fewer of something than you want."));
    };
    session.remove(&CART)?;
    session.note("ordered", &format!("You placed order {number} for {total}."))?;
    let thanks = format!("Thank you! Order {number} for {total} is on its way.");
    session.flash(NOTICES, Flash::success(thanks))?;
    if payment.fails.is_some() {
        return Err(refuse(frame, StatusCode::PAYMENT_REQUIRED, "The bank declined your payment."));
    }
    Ok(to("/orders"))
}

/// Takes the stock and writes the purchase. None if there is too little of something; the rollback gives back
/// whatever was taken before.
async fn buy(
    tx: &Tx,
    (account, session): (&str, Option<Uuid>),
    cart: &Cart,
) -> Result<Option<(i64, Price)>, ledger::Error> {
    let mut lines = Vec::new();
    for (product, quantity) in cart.iter() {
        let take = include_str!("../../sql/take_stock.sql");
        let taken = tx.query_opt(take, &[&product, &i32::from(quantity)]).await?;
        let Some(row) = taken else { return Ok(None) };
        lines.push((product, quantity, Price::from_cents(row.try_get("price_cents")?)));
    }
    let total: Price = lines.iter().map(|(_, quantity, price)| price.times(*quantity)).sum();
    let insert = include_str!("../../sql/insert_purchase.sql");
    let number: i64 = tx.query_one(insert, &[&account, &session, &total.cents()]).await?.try_get("id")?;
    for (product, quantity, price) in lines {
        let insert = include_str!("../../sql/insert_line.sql");
        tx.execute(insert, &[&number, &product, &i32::from(quantity), &price.cents()]).await?;
    }
    Ok(Some((number, total)))
}

/// An error with a page of its own.
fn refuse(frame: Frame, status: StatusCode, reason: &'static str) -> Error {
    match render(&Refused { frame, reason }) {
        Ok(page) => Error::from_response(page.with_status(status).into_response()),
        Err(error) => error,
    }
}
