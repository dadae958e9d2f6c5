//! The shelves.

use askama::Template;
use deadpool_postgres::Pool;
use poem::web::{Data, Html};
use poem::{Result, handler};
use session_ledger::web::Session;

use super::render;
use crate::cart::{CART, QUANTITY_MAX};
use crate::database::{self, Product};
use crate::frame::Frame;

#[derive(Template)]
#[template(path = "catalogue.html")]
struct Catalogue {
    frame: Frame,
    /// Each product and its quantity in the cart.
    products: Vec<(Product, u16)>,
    quantity_max: u16,
}

#[handler]
pub(crate) async fn show(session: Session, pool: Data<&Pool>) -> Result<Html<String>> {
    let cart = session.get(&CART)?.unwrap_or_default();
    let products = database::products(&pool).await?;
    let products = products.into_values().map(|product| {
        let quantity = cart.quantity(product.id);
        (product, quantity)
    });
    render(&Catalogue {
        frame: Frame::new(&session, "/")?,
        products: products.collect(),
        quantity_max: QUANTITY_MAX,
    })
}
