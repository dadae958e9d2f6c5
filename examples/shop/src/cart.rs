//! A visitor's cart. It lives in the session alone, so it is there before anybody has logged in.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use session_ledger::Key;

use crate::database::Product;
use crate::price::Price;

/// The session's cart.
pub(crate) const CART: Key<Cart> = Key::new("cart");

/// The most of one product that a cart holds.
pub(crate) const QUANTITY_MAX: u16 = 99;

/// The quantity of each product.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Cart(BTreeMap<i32, u16>);

/// One product of a cart, as a page shows it.
pub(crate) struct Line<'a> {
    pub(crate) product: &'a Product,
    pub(crate) quantity: u16,
}

impl Line<'_> {
    pub(crate) fn price(&self) -> Price {
        self.product.price.times(self.quantity)
    }

    /// Whether the shelves hold enough. An order checks this again.
    pub(crate) fn is_in_stock(&self) -> bool {
        i32::from(self.quantity) <= self.product.stock
    }
}

impl Cart {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The quantity of a product in the cart.
    pub(crate) fn quantity(&self, product: i32) -> u16 {
        self.0.get(&product).copied().unwrap_or(0)
    }

    /// Puts some of a product in, or takes some out. A product with none left is forgotten.
    pub(crate) fn set_quantity(&mut self, product: i32, quantity: u16) {
        match quantity.min(QUANTITY_MAX) {
            0 => self.0.remove(&product),
            quantity => self.0.insert(product, quantity),
        };
    }

    /// The number of items, of all products together.
    pub(crate) fn items(&self) -> u32 {
        self.0.values().copied().map(u32::from).sum()
    }

    /// Each product with its quantity.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (i32, u16)> {
        self.0.iter().map(|(product, quantity)| (*product, *quantity))
    }

    /// The lines of a page. Products that are no longer sold are left out.
    pub(crate) fn lines<'a>(&self, products: &'a BTreeMap<i32, Product>) -> Vec<Line<'a>> {
        let line = |(id, quantity)| products.get(&id).map(|product| Line { product, quantity });
        self.iter().filter_map(line).collect()
    }
}
