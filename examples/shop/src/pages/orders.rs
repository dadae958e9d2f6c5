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
use crate::notes::{DECLINED, Declined, ORDERED, Ordered};
use crate::price::Price;

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
    reason: String,
    /// Whether the session's history tells of it.
    is_noted: bool,
}

/// What a cart holds too much of.
struct Shortage {
    name: String,
    stock: i32,
    wanted: u16,
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
/// middleware commits when this has returned `Ok`. An `Err` undoes all of it.
///
/// A payment that fails goes back to the savepoint instead: the stock and the rows are as they were, and the
/// note about it stays.
#[handler]
pub(crate) async fn place(tx: Tx, session: SignedIn, Form(payment): Form<Payment>) -> Result<Response> {
    let frame = Frame::without_notices(&session, "/cart")?;
    let cart = session.get(&CART)?.unwrap_or_default();
    if cart.is_empty() {
        return Ok(to("/cart"));
    }
    let before = tx.savepoint().await?;
    let buyer = (session.user().as_str(), session.id().map(|id| id.as_uuid()));
    let (number, total) = match buy(&tx, buyer, &cart).await? {
        Ok(bought) => bought,
        Err(shortage) => return Err(refuse(frame, &shortage)),
    };
    if payment.fails.is_some() {
        before.rollback().await?;
        return decline(frame, &session, total);
    }
    before.release().await?;
    session.remove(&CART)?;
    session.note(&ORDERED, &Ordered { number, cents: total.cents() })?;
    let thanks = format!("Thank you! Order {number} for {total} is on its way.");
    session.flash(NOTICES, Flash::success(thanks))?;
    Ok(to("/orders"))
}

/// Takes the stock and writes the purchase, or says of what there is too little.
async fn buy(
    tx: &Tx,
    (account, session): (&str, Option<Uuid>),
    cart: &Cart,
) -> Result<Result<(i64, Price), Shortage>, ledger::Error> {
    let mut lines = Vec::new();
    for (product, quantity) in cart.iter() {
        let take = include_str!("../../sql/take_stock.sql");
        let Some(taken) = tx.query_opt(take, &[&product, &i32::from(quantity)]).await? else {
            return Ok(Err(shortage(tx, product, quantity).await?));
        };
        lines.push((product, quantity, Price::from_cents(taken.try_get("price_cents")?)));
    }
    let total: Price = lines.iter().map(|(_, quantity, price)| price.times(*quantity)).sum();
    let insert = include_str!("../../sql/insert_purchase.sql");
    let number: i64 = tx.query_one(insert, &[&account, &session, &total.cents()]).await?.try_get("id")?;
    for (product, quantity, price) in lines {
        let insert = include_str!("../../sql/insert_line.sql");
        tx.execute(insert, &[&number, &product, &i32::from(quantity), &price.cents()]).await?;
    }
    Ok(Ok((number, total)))
}

async fn shortage(tx: &Tx, product: i32, wanted: u16) -> Result<Shortage, ledger::Error> {
    let row = tx.query_opt(include_str!("../../sql/stock.sql"), &[&product]).await?;
    let (name, stock) = match row {
        Some(row) => (row.try_get("name")?, row.try_get("stock")?),
        None => ("something no longer sold".to_owned(), 0),
    };
    Ok(Shortage { name, stock, wanted })
}

impl Shortage {
    fn reason(&self) -> String {
        let Self { name, stock, wanted } = self;
        if *stock == 0 {
            format!("{name} is sold out, and your cart holds {wanted} of it.")
        } else {
            format!("{name}: we have {stock}, and your cart holds {wanted}.")
        }
    }
}

/// An error with a page of its own, which undoes the order.
fn refuse(frame: Frame, shortage: &Shortage) -> Error {
    match render(&Refused { frame, reason: shortage.reason(), is_noted: false }) {
        Ok(page) => Error::from_response(page.with_status(StatusCode::CONFLICT).into_response()),
        Err(error) => error,
    }
}

/// An answer that is committed, as it is no error: for the note, which is all that is left of the order.
fn decline(frame: Frame, session: &SignedIn, total: Price) -> Result<Response> {
    session.note(&DECLINED, &Declined { cents: total.cents() })?;
    let reason = format!("The bank declined your payment of {total}.");
    let page = render(&Refused { frame, reason, is_noted: true })?;
    Ok(page.with_status(StatusCode::PAYMENT_REQUIRED).into_response())
}
