//! Statements of projections, ready to be sent.

use deadpool_postgres::ClientWrapper;
use tokio_postgres::Error as DriverError;
use tokio_postgres::types::{ToSql, Type};

use super::statement::{Statement, Value};
use crate::store::connection::pipeline::Step;
use crate::store::connection::pool::Statements;
use crate::store::error::Error;
use crate::store::sqlstate::describe;

/// A statement that is one trip from its answer.
pub(crate) struct ReadyStatement {
    projection: &'static str,
    form: Form,
    values: Vec<Value>,
}

enum Form {
    Prepared(tokio_postgres::Statement),
    Unnamed(&'static str),
}

impl ReadyStatement {
    /// Makes a statement ready. It costs a trip if the connection has not prepared it yet.
    pub(crate) async fn of(
        (projection, statement): (&'static str, Statement),
        client: &ClientWrapper,
        statements: Statements,
    ) -> Result<Self, Error> {
        let Statement { text, values } = statement;
        let form = match statements {
            Statements::Unnamed => Form::Unnamed(text),
            Statements::Prepared => {
                let types: Vec<Type> = values.iter().map(Value::of_type).collect();
                let prepared = client.prepare_typed_cached(text, &types).await;
                let prepared = prepared.map_err(|error| refused(projection, error))?;
                let (wanted, given) = (prepared.params().len(), values.len());
                // The driver would refuse it only on the way, which stops no COMMIT.
                if wanted != given {
                    let reason = format!("a statement has {wanted} parameters and got {given} values");
                    return Err(Error::Projection { name: projection, reason });
                }
                Form::Prepared(prepared)
            }
        };
        Ok(Self { projection, form, values })
    }

    /// The step that sends it.
    pub(crate) fn step<'a>(&'a self, client: &'a ClientWrapper) -> Step<'a> {
        Box::pin(async move { self.send(client).await.map_err(|error| refused(self.projection, error)) })
    }

    async fn send(&self, client: &ClientWrapper) -> Result<(), DriverError> {
        match &self.form {
            Form::Prepared(statement) => {
                let values: Vec<&(dyn ToSql + Sync)> = self.values.iter().map(Value::as_parameter).collect();
                client.query(statement, &values).await?;
            }
            Form::Unnamed(text) => {
                let values = self.values.iter();
                let typed: Vec<_> = values.map(|value| (value.as_parameter(), value.of_type())).collect();
                client.query_typed(text, &typed).await?;
            }
        }
        Ok(())
    }
}

/// The failure of a projection's statement, unless it says more of the database than of the statement.
fn refused(projection: &'static str, error: DriverError) -> Error {
    match Error::from(error) {
        Error::Database(error) => Error::Projection { name: projection, reason: describe(&error) },
        other => other,
    }
}
