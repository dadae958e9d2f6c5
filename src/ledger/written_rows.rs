//! What a session did in the application's own tables.

use super::Ledger;
use super::question::QuestionError;
use crate::session::{SessionId, WrittenBy};
use crate::store::connection::pool::Connection;
use crate::store::written_rows::questions;

/// The rows that a session wrote in one table, as they are now.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WrittenRows {
    /// The table with its schema, quoted as in SQL.
    pub table: String,
    /// The rows, each in JSON, in no order.
    pub rows: Vec<String>,
    /// Whether there are more of them than were asked for.
    pub has_more: bool,
}

impl Ledger {
    /// What did this session do? The rows of the application's own tables that it wrote: those whose column
    /// holds the session's id, as a default with `session_ledger.current_session()` writes it
    /// ([`SessionsBuilder::provenance`](crate::web::SessionsBuilder::provenance)). At most `limit` and at
    /// most [`PAGE_MAX`](Self::PAGE_MAX) of each table; in the order of `columns`.
    ///
    /// It tells of rows as they are now: one that was deleted is not told, and one that somebody has changed
    /// since is told as changed. It reads with the rights of the ledger's user, and only reads. The columns
    /// should have an index.
    ///
    /// ```no_run
    /// # use session_ledger::{Ledger, SessionId, ledger::QuestionError};
    /// use session_ledger::session::WrittenBy;
    ///
    /// # async fn example(ledger: Ledger, session: SessionId) -> Result<(), QuestionError> {
    /// let columns = [WrittenBy::new("orders", "placed_by_session")];
    /// for written in ledger.rows_of(session, &columns, 50).await? {
    ///     println!("{}: {} rows", written.table, written.rows.len());
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// There is no such table or column, the column's type is not `uuid`, or see [`QuestionError`].
    pub async fn rows_of(
        &self,
        session: SessionId,
        columns: &[WrittenBy],
        limit: u32,
    ) -> Result<Vec<WrittenRows>, QuestionError> {
        let limit = limit.clamp(1, Self::PAGE_MAX);
        let found = self.read(async |connection: &Connection| questions(connection, columns).await);
        let mut written = Vec::with_capacity(columns.len());
        for question in found.await?? {
            // One more, to know whether there is one.
            let most = i64::from(limit) + 1;
            let reading =
                self.read(async |connection: &Connection| question.rows(connection, session, most).await);
            let mut rows = reading.await?;
            let has_more = rows.len() > limit as usize;
            rows.truncate(limit as usize);
            written.push(WrittenRows { table: question.table, rows, has_more });
        }
        Ok(written)
    }
}
