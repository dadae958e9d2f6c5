//! The database's epoch, which is raised after a restore.

use tokio_postgres::Client;

use super::backends::lock_holders;
use super::error::Error;
use super::patience::{Patience, is_locked};
use super::schema::SchemaError;
use crate::store::bare::bare;

const RAISE_EPOCH: &str = bare(include_str!("sql/raise_epoch.sql"));

/// Raises the epoch and returns it. Waits for transactions that write events, and makes no request wait long.
pub(crate) async fn raise(client: &mut Client) -> Result<u16, SchemaError> {
    let mut patience = Patience::new();
    loop {
        match raise_at_once(client).await {
            Ok(epoch) => return Ok(epoch),
            Err(error) if !is_locked(&error) => return Err(error.into()),
            Err(_) if patience.allows_another_try().await => {}
            Err(_) => return Err(SchemaError::Held { backends: lock_holders(client).await? }),
        }
    }
}

async fn raise_at_once(client: &mut Client) -> Result<u16, Error> {
    let transaction = client.transaction().await?;
    transaction.batch_execute("set local lock_timeout = '100ms'").await?;
    let epoch: i16 = transaction.query_one(RAISE_EPOCH, &[]).await?.try_get("epoch")?;
    transaction.commit().await?;
    Ok(epoch.unsigned_abs())
}
