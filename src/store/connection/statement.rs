//! How the library's statements are sent: prepared once for each connection, or with their text each time,
//! behind a pooler that does not know prepared statements. Either way a statement is one trip, and can be
//! pipelined.

use std::borrow::Cow;

use deadpool_postgres::ClientWrapper;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Error as DriverError, Row};

use super::pool::{Connection, Statements};
use super::prepared::Place;
use crate::store::bare::bare;
use crate::store::sqlstate::is_outdated;

/// A statement's text and the types of its parameters. The results must have types that tokio-postgres knows:
/// to learn of another type it would send a prepared statement of its own.
#[derive(Debug)]
pub(crate) struct Sql {
    text: &'static str,
    types: Cow<'static, [Type]>,
    place: Place,
}

/// The values of a statement's parameters.
pub(crate) type Parameters<'a> = &'a [&'a (dyn ToSql + Sync)];

/// A statement that is one trip from its answer.
pub(crate) enum Ready {
    Prepared(tokio_postgres::Statement),
    Unnamed(&'static Sql),
}

impl Sql {
    pub(crate) const fn new(text: &'static str, types: &'static [Type]) -> Self {
        Self { text: bare(text), types: Cow::Borrowed(types), place: Place::new() }
    }

    /// A statement whose parameters are those of several tables of columns, one table behind the other.
    pub(crate) fn joined(text: &'static str, types: &[&[Type]]) -> Self {
        Self { text: bare(text), types: Cow::Owned(types.concat()), place: Place::new() }
    }

    /// A statement of an application whose only parameter is a session id.
    pub(crate) const fn by_session(text: &'static str) -> Self {
        Self::new(text, &[Type::UUID])
    }

    /// Makes it ready to be pipelined. This costs a trip if the connection has not prepared it yet.
    pub(crate) async fn ready(&'static self, connection: &Connection) -> Result<Ready, DriverError> {
        match connection.statements() {
            Statements::Prepared => Ok(Ready::Prepared(self.prepared(connection).await?)),
            Statements::Unnamed => Ok(Ready::Unnamed(self)),
        }
    }

    async fn prepared(&self, connection: &Connection) -> Result<tokio_postgres::Statement, DriverError> {
        match connection.prepared().find(&self.place) {
            Ok(statement) => Ok(statement),
            Err(round) => {
                // On the heap, as it happens once for each connection.
                let statement = Box::pin(connection.prepare_typed_cached(self.text, &self.types)).await?;
                connection.prepared().keep(&self.place, &statement, round);
                Ok(statement)
            }
        }
    }

    /// Runs it by itself, and once more if it had been prepared for a table that has changed since. Within a
    /// transaction the second run fails, too, and the first error is returned.
    pub(crate) async fn query(
        &'static self,
        connection: &Connection,
        parameters: Parameters<'_>,
    ) -> Result<Vec<Row>, DriverError> {
        let first = self.ready(connection).await?.query(connection, parameters).await;
        match self.renewed(connection, first.as_ref().err()).await {
            Some(renewed) => renewed.query(connection, parameters).await.or(first),
            None => first,
        }
    }

    /// Runs it by itself, planned for these values alone: a question of which conditions may be left out. A
    /// plan that is kept would fit the questions of before.
    pub(crate) async fn query_once(
        &'static self,
        connection: &Connection,
        parameters: Parameters<'_>,
    ) -> Result<Vec<Row>, DriverError> {
        Ready::Unnamed(self).query(connection, parameters).await
    }

    /// Runs a statement that returns one row, as [`query`](Self::query) does.
    pub(crate) async fn query_one(
        &'static self,
        connection: &Connection,
        parameters: Parameters<'_>,
    ) -> Result<Row, DriverError> {
        let first = self.ready(connection).await?.query_one(connection, parameters).await;
        match self.renewed(connection, first.as_ref().err()).await {
            Some(renewed) => renewed.query_one(connection, parameters).await.or(first),
            None => first,
        }
    }

    /// Runs a statement that returns one row or none, as [`query`](Self::query) does.
    pub(crate) async fn query_opt(
        &'static self,
        connection: &Connection,
        parameters: Parameters<'_>,
    ) -> Result<Option<Row>, DriverError> {
        Ok(self.query(connection, parameters).await?.pop())
    }

    /// The statement prepared anew, if `error` says that its table has changed.
    async fn renewed(&'static self, connection: &Connection, error: Option<&DriverError>) -> Option<Ready> {
        error.filter(|error| is_outdated(error))?;
        connection.forget_statements();
        self.ready(connection).await.ok()
    }

    fn typed<'a>(&self, parameters: Parameters<'a>) -> Vec<(&'a (dyn ToSql + Sync), Type)> {
        parameters.iter().copied().zip(self.types.iter().cloned()).collect()
    }
}

impl Ready {
    /// Sends it when first polled.
    pub(crate) async fn query(
        &self,
        client: &ClientWrapper,
        parameters: Parameters<'_>,
    ) -> Result<Vec<Row>, DriverError> {
        match self {
            Self::Prepared(statement) => client.query(statement, parameters).await,
            Self::Unnamed(sql) => client.query_typed(sql.text, &sql.typed(parameters)).await,
        }
    }

    /// Sends a statement that returns one row, when first polled.
    pub(crate) async fn query_one(
        &self,
        client: &ClientWrapper,
        parameters: Parameters<'_>,
    ) -> Result<Row, DriverError> {
        match self {
            Self::Prepared(statement) => client.query_one(statement, parameters).await,
            Self::Unnamed(sql) => client.query_typed_one(sql.text, &sql.typed(parameters)).await,
        }
    }
}
