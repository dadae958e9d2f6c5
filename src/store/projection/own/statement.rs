//! Statements of projections. Their values cannot fail to encode: in a pipeline that would not stop the
//! COMMIT behind them.

use std::net::IpAddr;

use time::OffsetDateTime;
use tokio_postgres::types::{ToSql, Type};
use uuid::Uuid;

/// A statement of a projection, with the values of its parameters.
///
/// ```
/// # use session_ledger::ledger::Statement;
/// let seen = "insert into seen (name, times) values ($1, $2::bigint::integer)";
/// Statement::new(seen, ["alice".into(), 3_i64.into()]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    pub(super) text: &'static str,
    pub(super) values: Vec<Value>,
}

impl Statement {
    /// A statement whose parameters `$1`, `$2` … have these values.
    pub fn new(text: &'static str, values: impl Into<Vec<Value>>) -> Self {
        Self { text, values: values.into() }
    }
}

/// The value of a parameter. Its type is that of the variant: a statement casts it where a column has
/// another.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Value {
    /// A `boolean`.
    Bool(Option<bool>),
    /// A `bigint`.
    Int(Option<i64>),
    /// A `text`. PostgreSQL refuses one with a zero character.
    Text(Option<String>),
    /// A `bytea`.
    Bytes(Option<Vec<u8>>),
    /// A `uuid`.
    Uuid(Option<Uuid>),
    /// A `timestamptz`.
    Time(Option<OffsetDateTime>),
    /// An `inet`.
    Address(Option<IpAddr>),
}

impl Value {
    pub(super) fn of_type(&self) -> Type {
        match self {
            Self::Bool(_) => Type::BOOL,
            Self::Int(_) => Type::INT8,
            Self::Text(_) => Type::TEXT,
            Self::Bytes(_) => Type::BYTEA,
            Self::Uuid(_) => Type::UUID,
            Self::Time(_) => Type::TIMESTAMPTZ,
            Self::Address(_) => Type::INET,
        }
    }

    pub(super) fn as_parameter(&self) -> &(dyn ToSql + Sync) {
        match self {
            Self::Bool(value) => value,
            Self::Int(value) => value,
            Self::Text(value) => value,
            Self::Bytes(value) => value,
            Self::Uuid(value) => value,
            Self::Time(value) => value,
            Self::Address(value) => value,
        }
    }
}

macro_rules! values {
    ($($variant:ident: $of:ty;)*) => {$(
        impl From<$of> for Value {
            fn from(value: $of) -> Self {
                Self::$variant(Some(value))
            }
        }

        impl From<Option<$of>> for Value {
            fn from(value: Option<$of>) -> Self {
                Self::$variant(value)
            }
        }
    )*};
}

values! {
    Bool: bool;
    Int: i64;
    Text: String;
    Bytes: Vec<u8>;
    Uuid: Uuid;
    Time: OffsetDateTime;
    Address: IpAddr;
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(Some(value.to_owned()))
    }
}

impl From<Option<&str>> for Value {
    fn from(value: Option<&str>) -> Self {
        Self::Text(value.map(str::to_owned))
    }
}
