//! Prices.

use std::fmt;
use std::iter::Sum;

/// An amount in cents, shown in euros.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Price(i64);

impl Price {
    pub(crate) fn from_cents(cents: i32) -> Self {
        Self(cents.into())
    }

    /// The price of a number of items.
    pub(crate) fn times(self, quantity: u16) -> Self {
        Self(self.0 * i64::from(quantity))
    }

    /// The amount for the database; one that does not fit becomes the largest that does.
    pub(crate) fn cents(self) -> i32 {
        i32::try_from(self.0).unwrap_or(i32::MAX)
    }
}

impl Sum for Price {
    fn sum<I: Iterator<Item = Self>>(prices: I) -> Self {
        Self(prices.map(|price| price.0).sum())
    }
}

impl fmt::Display for Price {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "€{}.{:02}", self.0 / 100, self.0 % 100)
    }
}

#[test]
fn a_price_has_two_digits_for_its_cents() {
    assert_eq!(Price::from_cents(1205).to_string(), "€12.05");
    assert_eq!(Price::from_cents(540).times(3).to_string(), "€16.20");
}
