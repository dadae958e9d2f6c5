//! Tables of columns: each column of a row is said once, with its type here and in PostgreSQL.

use tokio_postgres::types::{FromSql, ToSql};
use tokio_postgres::{Error as DriverError, Row};

/// The values of a statement's parameters, in order.
pub(crate) type Values<'a> = Vec<&'a (dyn ToSql + Sync)>;

/// A parameter that holds one column of several rows.
pub(crate) type List<'a> = Box<dyn ToSql + Send + Sync + 'a>;

/// Makes one column of several rows a parameter.
pub(crate) fn list<'a, R, T: ToSql + Send + Sync + 'a>(rows: &'a [R], cell: impl Fn(&'a R) -> T) -> List<'a> {
    Box::new(rows.iter().map(cell).collect::<Vec<T>>())
}

/// Reads the columns of a row one after the other. To look each up by its name takes longer than to read it.
pub(crate) struct Cells<'a> {
    row: &'a Row,
    place: usize,
}

impl<'a> Cells<'a> {
    /// Begins at the first column of `row`.
    pub(crate) fn of(row: &'a Row) -> Self {
        Self { row, place: 0 }
    }

    /// The value of the next column.
    pub(crate) fn next<T: FromSql<'a>>(&mut self) -> Result<T, DriverError> {
        let value = self.row.try_get(self.place);
        self.place += 1;
        value
    }
}

/// From a table of columns makes the struct of a row, the names and types of the columns, and how a row is
/// sent and read. All are in the table's order. `order.rs` holds the statements to it.
macro_rules! table {
    (
        $(#[$attribute:meta])*
        pub(crate) struct $Row:ident $(<$life:lifetime>)? {
            $($column:ident: $of:ty => $type:ident,)*
        }
    ) => {
        $(#[$attribute])*
        pub(crate) struct $Row $(<$life>)? {
            $(pub(crate) $column: $of,)*
        }

        impl $(<$life>)? $Row $(<$life>)? {
            /// The columns' names.
            #[cfg(test)]
            pub(crate) const NAMES: &'static [&'static str] = &[$(stringify!($column)),*];

            /// The columns' types as parameters.
            pub(crate) const TYPES: &'static [tokio_postgres::types::Type] =
                &[$(tokio_postgres::types::Type::$type),*];

            /// The parameters' types of a statement that takes a list of each column.
            #[allow(dead_code, reason = "not every table is written in lists")]
            pub(crate) const LIST_TYPES: &'static [tokio_postgres::types::Type] =
                &[$($crate::store::table::list_type!($type)),*];

            /// Adds the row's values to the parameters of a statement.
            pub(crate) fn add_to<'p>(&'p self, parameters: &mut $crate::store::table::Values<'p>) {
                parameters.extend([$(&self.$column as &(dyn tokio_postgres::types::ToSql + Sync)),*]);
            }

            /// Adds a list of each column of `rows` to the parameters of a statement.
            #[allow(dead_code, reason = "not every table is written in lists")]
            pub(crate) fn add_lists<'p>(rows: &'p [Self], lists: &mut Vec<$crate::store::table::List<'p>>) {
                lists.extend([$($crate::store::table::list(rows, |row| &row.$column)),*]);
            }
        }

        $crate::store::table::read!($Row $(<$life>)? { $($column),* });
    };
}

/// Makes the function that reads a row. A struct that borrows does so from the row that it is read from.
macro_rules! read {
    ($Row:ident<$life:lifetime> { $($column:ident),* }) => {
        impl<$life> $Row<$life> {
            /// Reads the columns of a stored row.
            pub(crate) fn read(
                cells: &mut $crate::store::table::Cells<$life>,
            ) -> Result<Self, tokio_postgres::Error> {
                Ok(Self { $($column: cells.next()?),* })
            }
        }
    };
    ($Row:ident { $($column:ident),* }) => {
        impl $Row {
            /// Reads the columns of a stored row.
            pub(crate) fn read(
                cells: &mut $crate::store::table::Cells<'_>,
            ) -> Result<Self, tokio_postgres::Error> {
                Ok(Self { $($column: cells.next()?),* })
            }
        }
    };
}

/// PostgreSQL's type of a list of values of a type.
macro_rules! list_type {
    (BOOL) => {
        tokio_postgres::types::Type::BOOL_ARRAY
    };
    (BYTEA) => {
        tokio_postgres::types::Type::BYTEA_ARRAY
    };
    (INET) => {
        tokio_postgres::types::Type::INET_ARRAY
    };
    (INT2) => {
        tokio_postgres::types::Type::INT2_ARRAY
    };
    (INT4) => {
        tokio_postgres::types::Type::INT4_ARRAY
    };
    (INT8) => {
        tokio_postgres::types::Type::INT8_ARRAY
    };
    (TEXT) => {
        tokio_postgres::types::Type::TEXT_ARRAY
    };
    // PostgreSQL has no list of lists: a table with such a column is written row by row.
    (TEXT_ARRAY) => {
        tokio_postgres::types::Type::TEXT_ARRAY
    };
    (TIMESTAMPTZ) => {
        tokio_postgres::types::Type::TIMESTAMPTZ_ARRAY
    };
    (UUID) => {
        tokio_postgres::types::Type::UUID_ARRAY
    };
}

pub(crate) use {list_type, read, table};
