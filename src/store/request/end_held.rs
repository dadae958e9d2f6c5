//! Ending a session that requests keep changing: under the lock of its row.

use tokio_postgres::types::Type;

use super::append::Append;
use super::end_group::{BEGIN, end_group_again};
use super::load::{LOAD, Loaded, loaded};
use super::transaction::{State, Transaction};
use crate::session::SessionId;
use crate::store::connection::deadline::answered;
use crate::store::connection::pool::Pool;
use crate::store::connection::statement::{Parameters, Sql};
use crate::store::error::Error;

static LOCK_SESSION: Sql = Sql::new(include_str!("../sql/lock_session.sql"), &[Type::UUID]);

/// Ends a session while its row is locked. `end` makes the end of what is loaded under the lock; none if
/// there is nothing to end. Gives the end that this has committed.
///
/// # Errors
///
/// The database is away, or somebody holds the row for too long.
pub(crate) async fn end_held(
    pool: &Pool,
    session: SessionId,
    end: impl FnOnce(Loaded) -> Result<Option<Append>, Error>,
) -> Result<Option<Append>, Error> {
    let mut transaction = Transaction::reserve(pool).await?;
    transaction.state = State::Open;
    let made = match answered(transaction.lock_and_load(session)).await {
        Ok(loaded) => end(loaded),
        Err(error) => Err(error),
    };
    let append = match made {
        Ok(Some(append)) => append,
        other => {
            transaction.rollback().await;
            return other;
        }
    };
    let ended = match transaction.end_open(std::slice::from_ref(&append)).await {
        Err(Error::Disconnected(_)) => end_group_again(pool, std::slice::from_ref(&append)).await?,
        outcome => outcome?,
    };
    if ended.is_empty() { Err(Error::Stale { session }) } else { Ok(Some(append)) }
}

impl Transaction {
    /// Begins, and loads the session as it is once its row is locked, in one trip.
    async fn lock_and_load(&self, session: SessionId) -> Result<Loaded, Error> {
        let (client, id) = (self.client(), session.as_uuid());
        let ready = async { Ok::<_, Error>((LOCK_SESSION.ready(client).await?, LOAD.ready(client).await?)) };
        let (lock, load) = ready.await.map_err(Error::outside_transaction)?;
        let (to_lock, to_load): (Parameters, Parameters) = (&[&id], &[&id, &false]);
        let (begun, locked, row) = tokio::join!(biased;
            client.batch_execute(BEGIN),
            lock.query(client, to_lock),
            load.query_one(client, to_load),
        );
        begun.map_err(Error::of_begin)?;
        locked?;
        loaded(&row?)
    }
}
