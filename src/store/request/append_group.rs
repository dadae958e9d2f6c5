//! Appending to several sessions with one statement. Each parameter is a list: one column of all rows.

use std::sync::LazyLock;

use deadpool_postgres::ClientWrapper;
use tokio_postgres::types::{ToSql, Type};
use uuid::Uuid;

use super::append::Append;
use crate::store::connection::statement::{Ready, Sql};
use crate::store::error::Error;
use crate::store::log::columns::EventRow;
use crate::store::projection::columns::LiveRow;
use crate::store::table::{List, list};

pub(super) static APPEND_GROUP: LazyLock<Sql> = LazyLock::new(|| {
    let (rows, events) = (LiveRow::LIST_TYPES, EventRow::LIST_TYPES);
    let types = [&PLACE, rows, &[Type::BYTEA_ARRAY], &PLACE, events, &[Type::INT2_ARRAY, Type::BYTEA_ARRAY]];
    Sql::joined(include_str!("../sql/append_group.sql"), &types)
});

/// Sessions and a version of each.
const PLACE: [Type; 2] = [Type::UUID_ARRAY, Type::INT8_ARRAY];

/// How many parameters the statement has.
const PARAMETERS: usize = 2 * PLACE.len() + LiveRow::TYPES.len() + 1 + EventRow::TYPES.len() + 2;

/// Sends changes of live sessions, at most one of each session. An error does not say which of them is to
/// blame.
pub(super) async fn append_group(
    client: &ClientWrapper,
    statement: &Ready,
    changes: &[&Append],
) -> Result<(), Error> {
    let rows: Vec<LiveRow> = changes.iter().map(|change| LiveRow::of(&change.written.state)).collect();
    let (places, events): (Vec<(Uuid, i64)>, Vec<EventRow<'_>>) =
        changes.iter().flat_map(|change| events(change)).unzip();
    let mut epochs: Vec<i16> = changes.iter().filter_map(|change| Some(change.base?.epoch)).collect();
    epochs.dedup();
    let mut lists: Vec<List<'_>> = Vec::with_capacity(PARAMETERS);
    lists.push(list(changes, |change| change.written.id.as_uuid()));
    lists.push(list(changes, |change| change.written.expected_version));
    LiveRow::add_lists(&rows, &mut lists);
    lists.push(list(changes, |change| &change.resend));
    lists.push(list(&places, |(session, _)| session));
    lists.push(list(&places, |(_, version)| version));
    EventRow::add_lists(&events, &mut lists);
    lists.push(list(&epochs, |epoch| epoch));
    lists.push(list(changes, |change| change.base.as_ref().map(|base| &base.head.as_bytes()[..])));
    let parameters: Vec<&(dyn ToSql + Sync)> =
        lists.iter().map(|list| -> &(dyn ToSql + Sync) { &**list }).collect();
    statement.query(client, &parameters).await?;
    Ok(())
}

/// The events of a change, each at a version of its session.
fn events(change: &Append) -> impl Iterator<Item = ((Uuid, i64), EventRow<'_>)> {
    let session = change.written.id.as_uuid();
    change.written.entries.iter().map(move |entry| ((session, entry.version), EventRow::of(entry)))
}
