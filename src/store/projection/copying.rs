//! Copying rows into a table.

use std::pin::{Pin, pin};

use deadpool_postgres::ClientWrapper;
use tokio_postgres::Statement;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::Type;
use uuid::Uuid;

use crate::store::error::Error;
use crate::store::table::Values;

/// How many rows are gathered before they are sent.
pub(super) const ROWS_GATHERED_MAX: usize = 1000;

/// Copies rows, each behind its session's id, into the table of `statement`.
pub(super) async fn copy<R>(
    client: &ClientWrapper,
    statement: &Statement,
    types: &[Type],
    rows: &[(Uuid, R)],
    add: for<'p> fn(&'p R, &mut Values<'p>),
) -> Result<(), Error> {
    if rows.is_empty() {
        return Ok(());
    }
    let mut writer: Pin<&mut BinaryCopyInWriter> =
        pin!(BinaryCopyInWriter::new(client.copy_in(statement).await?, types));
    for (session, row) in rows {
        let mut values: Values<'_> = Vec::with_capacity(types.len());
        values.push(session);
        add(row, &mut values);
        writer.as_mut().write(&values).await?;
    }
    writer.finish().await?;
    Ok(())
}
