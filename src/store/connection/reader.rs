//! Questions: statements that only read, asked by themselves or within an application's transaction.

use tokio_postgres::{Error as DriverError, Row};

use super::deadline::answered;
use super::lending::{lend, lend_to_read};
use super::pool::{Connection, Pool};
use super::statement::{Parameters, Ready, Sql};
use crate::store::error::Error;
use crate::store::sqlstate::is_outdated;

/// Begins a transaction that goes through indexes alone, with plans that are kept: to plan such a statement
/// takes longer than to run it. A plan for all values cannot know how few rows are wanted of an index in
/// order, and would rather sort, or read a table. What it cannot do without counts as so dear that the plan
/// would be compiled, which takes seconds. NOT DEFERRABLE is explained in `sql/begin.sql`.
const BEGIN_LOOKING_UP: &str = "begin isolation level read committed, read only, not deferrable; \
    set local plan_cache_mode = force_generic_plan; set local jit = off; set local enable_seqscan = off; set local enable_bitmapscan = off; \
    set local enable_hashjoin = off; set local enable_mergejoin = off; set local enable_sort = off";

/// Whoever asks.
#[derive(Clone, Copy)]
pub(crate) enum Reader<'a> {
    /// Each question on a connection of the pool, in a transaction of its own that is never SERIALIZABLE. It
    /// may be dropped on its way.
    Pool(&'a Pool),
    /// In the transaction that is open on a connection. It is never dropped without the connection.
    Transaction(&'a Connection),
}

impl Reader<'_> {
    /// Asks a question that is answered by going through indexes in their order. Its plan is kept. A
    /// transaction of the application keeps its own settings, so there it is planned for its values.
    pub(crate) async fn look_up(
        self,
        sql: &'static Sql,
        parameters: Parameters<'_>,
    ) -> Result<Vec<Row>, Error> {
        match self {
            Self::Pool(pool) => {
                lend(pool, async |connection: &Connection| look_up(connection, sql, parameters).await).await
            }
            Self::Transaction(_) => self.ask(sql, parameters).await,
        }
    }

    /// Asks a question that is planned for its values.
    pub(crate) async fn ask(self, sql: &'static Sql, parameters: Parameters<'_>) -> Result<Vec<Row>, Error> {
        let asking =
            async |connection: &Connection| Ok::<_, Error>(sql.query_once(connection, parameters).await?);
        match self {
            Self::Pool(pool) => lend_to_read(pool, asking).await,
            Self::Transaction(connection) => answered(asking(connection)).await,
        }
    }
}

/// Runs a statement in one trip, and once more if it had been prepared for a table that has changed since.
async fn look_up(
    connection: &Connection,
    sql: &'static Sql,
    parameters: Parameters<'_>,
) -> Result<Vec<Row>, Error> {
    // It must be ready before: the trip that prepares it would let COMMIT overtake it.
    let ready =
        async || sql.ready(connection).await.map_err(|error| Error::from(error).outside_transaction());
    match in_transaction(connection, &ready().await?, parameters).await? {
        Err(error) if is_outdated(&error) => {
            connection.forget_statements();
            Ok(in_transaction(connection, &ready().await?, parameters).await??)
        }
        found => Ok(found?),
    }
}

/// Begins, asks and commits in one trip. The inner error is that of the question.
async fn in_transaction(
    client: &Connection,
    question: &Ready,
    parameters: Parameters<'_>,
) -> Result<Result<Vec<Row>, DriverError>, Error> {
    let (begun, found, committed) = tokio::join!(biased;
        client.batch_execute(BEGIN_LOOKING_UP),
        question.query(client, parameters),
        client.batch_execute("commit"),
    );
    begun.map_err(Error::of_begin)?;
    if found.is_ok() {
        committed?;
    }
    Ok(found)
}
