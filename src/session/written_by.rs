//! Columns of an application's tables that hold session ids.

use std::fmt;
use std::str::FromStr;

use super::Unanswerable;

/// A column of an application's own table that says which session wrote a row: see
/// [`Ledger::rows_of`](crate::Ledger::rows_of). Its type is `uuid`.
///
/// ```
/// use session_ledger::session::WrittenBy;
///
/// # fn main() -> Result<(), session_ledger::session::Unanswerable> {
/// let column: WrittenBy = "shop.purchase.placed_by_session".parse()?;
/// assert_eq!(column, WrittenBy::new("purchase", "placed_by_session").in_schema("shop"));
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrittenBy {
    schema: Option<String>,
    table: String,
    column: String,
}

impl WrittenBy {
    /// A column of a table that the search path finds. The names are as the catalogue has them, without
    /// quotes, and in small letters where they were not quoted when the table was made.
    pub fn new(table: impl Into<String>, column: impl Into<String>) -> Self {
        Self { schema: None, table: table.into(), column: column.into() }
    }

    /// The same in this schema.
    #[must_use]
    pub fn in_schema(mut self, schema: impl Into<String>) -> Self {
        self.schema = Some(schema.into());
        self
    }

    pub(crate) fn schema(&self) -> Option<&str> {
        self.schema.as_deref()
    }

    pub(crate) fn table(&self) -> &str {
        &self.table
    }

    pub(crate) fn column(&self) -> &str {
        &self.column
    }
}

/// Reads `table.column` or `schema.table.column`.
impl FromStr for WrittenBy {
    type Err = Unanswerable;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts: Vec<&str> = text.split('.').collect();
        if parts.iter().any(|part| part.is_empty() || part.contains('\0')) {
            return Err(Unanswerable::NoColumn { text: text.to_owned() });
        }
        match parts[..] {
            [table, column] => Ok(Self::new(table, column)),
            [schema, table, column] => Ok(Self::new(table, column).in_schema(schema)),
            _ => Err(Unanswerable::NoColumn { text: text.to_owned() }),
        }
    }
}

impl fmt::Display for WrittenBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(schema) = &self.schema {
            write!(f, "{schema}.")?;
        }
        write!(f, "{}.{}", self.table, self.column)
    }
}

#[test]
fn a_column_is_read_with_its_table() {
    for text in ["purchase.placed_by", "shop.purchase.placed_by"] {
        assert_eq!(text.parse().map(|column: WrittenBy| column.to_string()), Ok(text.to_owned()));
    }
    for text in ["", "purchase", ".", "purchase.", "a..b", "a.b.c.d", "a.b\0"] {
        let refused = text.parse::<WrittenBy>();
        assert_eq!(refused, Err(Unanswerable::NoColumn { text: text.to_owned() }), "{text}");
    }
}
