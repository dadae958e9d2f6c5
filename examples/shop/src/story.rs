//! A session's history in plain words.

use std::collections::BTreeMap;

use session_ledger::session::{Client, EndReason, Event, Recorded, UserId, ValueSet};

use crate::browser;
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
    let moments = events.iter().filter_map(|recorded| {
        let entry = &recorded.entry;
        let (sentence, is_message) = match entry.event() {
            Ok(event) => (teller.sentence(&event, entry.user.as_ref())?, is_message(&event)),
            Err(_) => ("Something happened that this shop cannot read.".to_owned(), false),
        };
        let from = recorded.client.as_ref().and_then(origin);
        Some(Moment { sentence, at: entry.occurred_at.into(), from, is_message })
    });
    moments.collect()
}

/// Why a session ended, as the end of a sentence or by itself.
pub(crate) fn end(reason: &EndReason) -> &str {
    match reason {
        EndReason::LoggedOut => "logged out",
        EndReason::Discarded => "dropped by the shop",
        EndReason::IdleTimeout => "not used for too long",
        EndReason::AbsoluteTimeout => "logged in too long ago",
        EndReason::Revoked => "signed out from another device",
        EndReason::LimitExceeded => "too many devices at once",
        EndReason::CredentialChanged => "the password was changed",
        EndReason::AccountDisabled => "the account was closed",
        EndReason::TokenReplayed => "used in two places at once",
        EndReason::ClientChanged => "used from another browser or network",
        EndReason::UserSwitched => "somebody else logged in here",
        other => other.as_str(),
    }
}

fn is_message(event: &Event) -> bool {
    matches!(event, Event::FlashAdded(_) | Event::FlashTaken(_))
}

fn origin(client: &Client) -> Option<String> {
    let browser = client.user_agent.as_deref().map(|header| browser::name(Some(header)));
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
    /// The sentence for an event; none for a kind that says nothing to a person.
    fn sentence(&mut self, event: &Event, user: Option<&UserId>) -> Option<String> {
        let text = match event {
            Event::Started(_) => "Your session began.".to_owned(),
            Event::LoggedIn(login) => {
                format!("You logged in as {} with {}.", login.user, proof(&login.methods))
            }
            Event::Reauthenticated(again) => {
                format!("You confirmed who you are with {}.", proof(&again.methods))
            }
            Event::ValueSet(set) if set.key == CART.name() => self.cart_set(set),
            Event::ValueSet(set) => format!("The shop kept something under “{}”.", set.key),
            Event::ValueRemoved(removed) if removed.key == CART.name() => self.cart_emptied(),
            Event::ValueRemoved(removed) => format!("The shop forgot what it kept under “{}”.", removed.key),
            Event::Cleared(_) => self.cart_emptied(),
            Event::FlashAdded(flash) => format!("The shop had something to tell you: “{}”", flash.message),
            Event::FlashTaken(_) => "You were shown what the shop had to tell you.".to_owned(),
            Event::SettingsChanged(_) => "The settings of your session were changed.".to_owned(),
            Event::RenewalOffered(_) => "A new token was offered to this browser.".to_owned(),
            Event::Renewed(_) => "A new token was given to this browser.".to_owned(),
            Event::ImpersonationStarted(start) => format!("You began to act as {}.", start.user),
            Event::FactorChanged(changed) => {
                format!("You changed {}.", proof(std::slice::from_ref(&changed.factor)))
            }
            Event::GrantGiven(_) => "You confirmed something that you want to do.".to_owned(),
            Event::GrantTaken(_) => "You did what you had confirmed.".to_owned(),
            Event::ImpersonationEnded(_) => "You acted as yourself again.".to_owned(),
            Event::ClientChanged(_) => "Your session was used from another browser or network.".to_owned(),
            Event::DeviceSeen(seen) if seen.is_new => "It was the first time from this browser.".to_owned(),
            Event::DeviceSeen(_) => "It was a browser that you have used before.".to_owned(),
            Event::Noted(note) => notes::tell(note),
            Event::Ended(ended) if user.is_some() => format!("Ended: {}.", end(&ended.reason)),
            Event::Ended(ended) => format!("Your visit ended: {}.", end(&ended.reason)),
            _ => return None,
        };
        Some(text)
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

/// The words of RFC 8176 in plain English.
fn proof(methods: &[String]) -> String {
    let words = methods.iter().map(|method| match method.as_str() {
        "pwd" => "your password",
        "otp" => "a one-time code",
        "hwk" => "a security key",
        other => other,
    });
    words.collect::<Vec<_>>().join(" and ")
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
            teller.sentence(&Event::ValueSet(ValueSet::new("cart".to_owned(), value)), None)
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
        let told = teller.sentence(&Event::ValueSet(ValueSet::new("cart".to_owned(), value)), None);
        assert_eq!(told.as_deref(), Some("Your cart changed, in a way that this shop cannot read."));
    }
}
