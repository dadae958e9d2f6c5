//! A column's value as a comparison shows it. It gives no secret away.

use std::net::IpAddr;

use time::OffsetDateTime;

/// A column's value.
#[derive(PartialEq, Eq)]
pub(super) enum Cell<'a> {
    /// Shown as it is.
    Plain(String),
    /// A hash, or values of the session: only the size is shown.
    Bytes(&'a [u8]),
    Null,
}

/// A type of column that can be compared.
pub(super) trait Column {
    /// The value as a comparison shows it.
    fn cell(&self) -> Cell<'_>;
}

macro_rules! plain {
    ($($of:ty),*) => {$(
        impl Column for $of {
            fn cell(&self) -> Cell<'_> {
                Cell::Plain(self.to_string())
            }
        }
    )*};
}

plain!(bool, i16, i32, i64, String, IpAddr, OffsetDateTime);

impl Column for Vec<u8> {
    fn cell(&self) -> Cell<'_> {
        Cell::Bytes(self)
    }
}

/// How a user proved who they are.
impl Column for Vec<String> {
    fn cell(&self) -> Cell<'_> {
        Cell::Plain(format!("{{{}}}", self.join(",")))
    }
}

impl<C: Column> Column for Option<C> {
    fn cell(&self) -> Cell<'_> {
        self.as_ref().map_or(Cell::Null, Column::cell)
    }
}
