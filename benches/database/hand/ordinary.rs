//! An ordinary store: a blob by its key, in statements of their own.

use session_ledger::SessionId;

use super::Hand;
use crate::drive::Failure;

impl Hand {
    /// Loads the blob; if there is none, makes one up.
    pub(super) async fn plain_read(&self, id: SessionId) -> Result<Vec<u8>, Failure> {
        let row = self.client.query_opt(&self.plain_load, &[&id.as_uuid()]).await?;
        Ok(row.map(|row| row.try_get(0)).transpose()?.unwrap_or_else(|| vec![7; 64]))
    }

    pub(super) async fn plain_save(&self, id: SessionId, data: &[u8]) -> Result<(), Failure> {
        self.client.execute(&self.plain_save, &[&id.as_uuid(), &data]).await?;
        Ok(())
    }

    pub(super) async fn plain_write(&self, id: SessionId) -> Result<(), Failure> {
        let data = self.plain_read(id).await?;
        self.plain_save(id, &data).await
    }

    pub(super) async fn plain_end(&self, id: SessionId) -> Result<(), Failure> {
        self.plain_read(id).await?;
        self.client.execute(&self.plain_remove, &[&id.as_uuid()]).await?;
        Ok(())
    }

    /// The order of an ordinary store and an application: two transactions that know nothing of each other.
    pub(super) async fn plain_order(&self, id: SessionId) -> Result<(), Failure> {
        let data = self.plain_read(id).await?;
        self.client.batch_execute("begin isolation level serializable").await?;
        self.client.execute(&self.purchase, &[&"alice"]).await?;
        self.client.batch_execute("commit").await?;
        self.plain_save(id, &data).await
    }
}
