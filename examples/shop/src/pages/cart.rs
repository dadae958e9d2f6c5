//! The cart: a value in the session, changed by forms.

use std::collections::BTreeMap;

use askama::Template;
use deadpool_postgres::Pool;
use poem::error::NotFoundError;
use poem::web::{Data, Form, Html, Path};
use poem::{Response, Result, handler};
use serde::Deserialize;
use session_ledger::web::Session;

use super::{render, to};
use crate::cart::{CART, Cart, Line, QUANTITY_MAX};
use crate::database::{self, Product};
use crate::frame::Frame;
use crate::price::Price;

#[derive(Template)]
#[template(path = "cart.html")]
struct CartPage<'a> {
    frame: Frame,
    lines: Vec<Line<'a>>,
    total: Price,
    quantity_max: u16,
}

/// The fields of the forms.
#[derive(Deserialize)]
struct Amount {
    quantity: u16,
}

#[handler]
pub(crate) async fn show(session: Session, pool: Data<&Pool>) -> Result<Html<String>> {
    let cart = session.get(&CART)?.unwrap_or_default();
    let products = database::products(&pool).await?;
    let lines = cart.lines(&products);
    let total = lines.iter().map(Line::price).sum();
    render(&CartPage { frame: Frame::new(&session, "/cart")?, lines, total, quantity_max: QUANTITY_MAX })
}

/// Puts more of a product into the cart. The first one starts the visitor's session.
#[handler]
pub(crate) async fn add(
    session: Session,
    pool: Data<&Pool>,
    Path(product): Path<i32>,
    Form(amount): Form<Amount>,
) -> Result<Response> {
    known(&database::products(&pool).await?, product)?;
    let mut cart = session.get(&CART)?.unwrap_or_default();
    cart.set_quantity(product, cart.quantity(product).saturating_add(amount.quantity));
    keep(&session, &cart)?;
    Ok(to(&format!("/#product-{product}")))
}

/// Sets the quantity of a product in the cart; zero takes it out.
#[handler]
pub(crate) async fn change(
    session: Session,
    pool: Data<&Pool>,
    Path(product): Path<i32>,
    Form(amount): Form<Amount>,
) -> Result<Response> {
    known(&database::products(&pool).await?, product)?;
    let mut cart = session.get(&CART)?.unwrap_or_default();
    cart.set_quantity(product, amount.quantity);
    keep(&session, &cart)?;
    Ok(to("/cart"))
}

fn known(products: &BTreeMap<i32, Product>, product: i32) -> Result<()> {
    if products.contains_key(&product) { Ok(()) } else { Err(NotFoundError.into()) }
}

/// Writes the cart back. An unchanged cart writes nothing.
fn keep(session: &Session, cart: &Cart) -> Result<()> {
    if cart.is_empty() {
        session.remove(&CART)?
    } else {
        session.set(&CART, cart)?
    }
    Ok(())
}
