//! The statements that write the events of an archive back into the log.

use std::sync::LazyLock;

use time::OffsetDateTime;
use tokio_postgres::Client;
use tokio_postgres::types::{ToSql, Type};

use super::columns::EventRow;
use crate::session::Archived;
use crate::store::bare::bare;
use crate::store::error::Error;
use crate::store::table::{List, list};

pub(crate) const BEGIN_RESTORE: &str = bare(include_str!("../sql/begin_restore.sql"));
const RESTORABLE: &str = bare(include_str!("../sql/restorable.sql"));
const RESTORE_EVENTS: &str = bare(include_str!("../sql/restore_events.sql"));
const MAKE_MONTH: &str = bare(include_str!("../sql/make_month.sql"));
const ATTACH_MONTH: &str = bare(include_str!("../sql/attach_month.sql"));
const SETTLE_RESTORE: &str = bare(include_str!("../sql/settle_restore.sql"));

static TYPES: LazyLock<Vec<Type>> = LazyLock::new(|| {
    let witness = [Type::TIMESTAMPTZ_ARRAY, Type::TEXT_ARRAY, Type::INT8_ARRAY, Type::INT2_ARRAY];
    [&[Type::UUID_ARRAY, Type::INT8_ARRAY], EventRow::LIST_TYPES, &witness].concat()
});

/// Whether the log is empty.
pub(crate) async fn is_empty(client: &Client) -> Result<bool, Error> {
    Ok(client.query_one(RESTORABLE, &[]).await?.try_get("is_empty")?)
}

/// Makes the partition of a month, if it is missing.
pub(crate) async fn make_month(client: &Client, moment: OffsetDateTime) -> Result<(), Error> {
    if client.query_one(MAKE_MONTH, &[&moment]).await?.try_get("is_due")? {
        client.query_one(ATTACH_MONTH, &[&moment]).await?;
    }
    Ok(())
}

/// Writes events, in the transaction that is open.
pub(crate) async fn add(client: &Client, events: &[Archived]) -> Result<(), Error> {
    let rows: Vec<EventRow<'_>> = events.iter().map(|event| EventRow::of(&event.recorded.entry)).collect();
    let mut lists: Vec<List<'_>> = vec![
        list(events, |event| event.recorded.session_id.as_uuid()),
        list(events, |event| event.recorded.entry.version),
    ];
    EventRow::add_lists(&rows, &mut lists);
    lists.push(list(events, |event| event.recorded.recorded_at));
    lists.push(list(events, |event| event.recorded.transaction_id.to_string()));
    lists.push(list(events, |event| event.recorded.position));
    lists.push(list(events, |event| event.epoch));
    let parameters = lists.iter().map(|list| -> &(dyn ToSql + Sync) { &**list });
    let typed: Vec<_> = parameters.zip(TYPES.iter().cloned()).collect();
    client.query_typed(RESTORE_EVENTS, &typed).await?;
    Ok(())
}

/// What follows the events.
pub(crate) async fn settle(client: &Client, greatest: &[&(dyn ToSql + Sync)]) -> Result<(), Error> {
    client.query_one(SETTLE_RESTORE, greatest).await?;
    Ok(())
}
