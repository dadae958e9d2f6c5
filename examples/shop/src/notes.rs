//! The shop's notes in the history of a session: facts that auditors read as well.

use serde::{Deserialize, Serialize};
use session_ledger::Note;
use session_ledger::session::Noted;

use crate::price::Price;

/// An order was placed.
pub(crate) const ORDERED: Note<Ordered> = Note::new("ordered");

/// The bank did not pay.
pub(crate) const DECLINED: Note<Declined> = Note::new("payment_declined");

#[derive(Serialize, Deserialize)]
pub(crate) struct Ordered {
    pub(crate) number: i64,
    pub(crate) cents: i32,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Declined {
    pub(crate) cents: i32,
}

/// A note in a sentence for its owner. One that the shop does not know, or cannot read, is told as it is.
pub(crate) fn tell(noted: &Noted) -> String {
    if let Ok(Some(Ordered { number, cents })) = ORDERED.decode(noted) {
        return format!("You placed order {number} for {}.", Price::from_cents(cents));
    }
    if let Ok(Some(Declined { cents })) = DECLINED.decode(noted) {
        return format!("The bank declined your payment of {}.", Price::from_cents(cents));
    }
    noted.told().into_owned()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_told_in_a_sentence_and_an_unknown_one_as_it_is() {
        let ordered = ORDERED.encode(&Ordered { number: 7, cents: 1_250 }).unwrap();
        let told = tell(&Noted::new("ordered".into(), ordered));
        assert_eq!(told, format!("You placed order 7 for {}.", Price::from_cents(1_250)));
        assert_eq!(tell(&Noted::of_text("ordered", "long ago")), "long ago");
        assert_eq!(tell(&Noted::of_text("other", "news")), "news");
    }
}
