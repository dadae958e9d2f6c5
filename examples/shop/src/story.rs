//! A session's history in plain words: the library's, and the shop's own for its cart.

use std::collections::BTreeMap;

use session_ledger::session::{Audience, Client, Event, Recorded, ValueSet, browser_name};

use crate::cart::{CART, Cart};
use crate::notes;
use crate::when::Instant;

/// One event for its owner.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    pub(crate) sentence: String,
    pub(crate) at: Instant,
    /// The browser and address that it came from; none for the deeds of another device.
    pub(crate) from: Option<String>,
    /// The shop talking to its visitor: half of a story, and says little, so pages leave it out at first.
    pub(crate) is_message: bool,
}

/// Tells the events of one session, in their order. `products` are the names of what carts hold.
pub(crate) fn tell(events: &[Recorded], products: &BTreeMap<i32, String>) -> Vec<Moment> {
    let mut teller = Teller { products, cart: Cart::default() };
    let moments = events.iter().map(|recorded| {
        let (entry, event) = (&recorded.entry, recorded.entry.event().ok());
        let own = event.as_ref().and_then(|event| teller.own_sentence(event));
        Moment {
            sentence: own.unwrap_or_else(|| entry.in_words(Audience::User)),
            at: entry.occurred_at.into(),
            from: recorded.client.as_ref().and_then(origin),
            is_message: event.as_ref().is_some_and(is_message),
        }
    });
    moments.collect()
}

fn is_message(event: &Event) -> bool {
    matches!(event, Event::FlashAdded(_) | Event::FlashTaken(_))
}

fn origin(client: &Client) -> Option<String> {
    let browser = client.user_agent.as_deref().map(browser_name);
    let address = client.ip.map(|ip| ip.to_string());
    let known: Vec<_> = browser.into_iter().chain(address).collect();
    (!known.is_empty()).then(|| known.join(", "))
}

/// Knows the cart after each event, since an event holds the whole cart.
struct Teller<'a> {
    products: &'a BTreeMap<i32, String>,
    cart: Cart,
}

impl Teller<'_> {
    /// The shop's own sentence for an event about its cart, or for one of its notes.
    fn own_sentence(&mut self, event: &Event) -> Option<String> {
        match event {
            Event::ValueSet(set) if set.key == CART.name() => Some(self.cart_set(set)),
            Event::ValueRemoved(removed) if removed.key == CART.name() => Some(self.cart_emptied()),
            Event::Cleared(_) => Some(self.cart_emptied()),
            Event::Noted(note) => Some(notes::tell(note)),
            _ => None,
        }
    }

    /// An unreadable cart is told as unreadable, never as empty.
    fn cart_set(&mut self, set: &ValueSet) -> String {
        let Ok(cart) = CART.decode(&set.value) else {
            return "Your cart changed, in a way that this shop cannot read.".to_owned();
        };
        let before = std::mem::replace(&mut self.cart, cart);
        let touched: BTreeMap<i32, u16> = before.iter().chain(self.cart.iter()).collect();
        let changes =
            touched.into_keys().filter_map(|product| self.change(product, before.quantity(product)));
        let changes: Vec<_> = changes.collect();
        format!("You {}.", changes.join(" and "))
    }

    fn change(&self, product: i32, before: u16) -> Option<String> {
        let name = self.products.get(&product).map_or("something no longer sold", String::as_str);
        let now = self.cart.quantity(product);
        match now {
            _ if now == before => None,
            0 => Some(format!("took {name} out of the cart")),
            _ if now > before => Some(format!("put {} × {name} in the cart", now - before)),
            _ => Some(format!("took {} × {name} out of the cart", before - now)),
        }
    }

    fn cart_emptied(&mut self) -> String {
        self.cart = Cart::default();
        "The cart was emptied.".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use session_ledger::session::Value;

    use super::*;

    fn sentences(carts: &[&[(i32, u16)]]) -> Vec<String> {
        let products = BTreeMap::from([(1, "Teapot".to_owned()), (2, "Cup".to_owned())]);
        let mut teller = Teller { products: &products, cart: Cart::default() };
        let told = carts.iter().filter_map(|items| {
            let mut cart = Cart::default();
            items.iter().for_each(|(product, quantity)| cart.set_quantity(*product, *quantity));
            let value = CART.encode(&cart).unwrap();
            teller.own_sentence(&Event::ValueSet(ValueSet::new("cart".to_owned(), value)))
        });
        told.collect()
    }

    #[test]
    fn a_cart_is_told_as_what_changed_in_it() {
        let told = sentences(&[&[(1, 2)], &[(1, 2), (2, 6)], &[(1, 1), (2, 6)], &[(2, 6)]]);
        assert_eq!(
            told,
            [
                "You put 2 × Teapot in the cart.",
                "You put 6 × Cup in the cart.",
                "You took 1 × Teapot out of the cart.",
                "You took Teapot out of the cart.",
            ]
        );
    }

    #[test]
    fn an_unreadable_cart_is_not_told_as_an_empty_one() {
        let mut teller = Teller { products: &BTreeMap::new(), cart: Cart::default() };
        let value = Value::new(7, vec![1, 2, 3]);
        let told = teller.own_sentence(&Event::ValueSet(ValueSet::new("cart".to_owned(), value)));
        assert_eq!(told.as_deref(), Some("Your cart changed, in a way that this shop cannot read."));
    }
}
