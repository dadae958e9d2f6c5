//! Appending to several sessions with one statement. Its parameters are lists, a column each.

use deadpool_postgres::ClientWrapper;
use tokio_postgres::types::{ToSql, Type};
use uuid::Uuid;

use super::append::{Append, EventRow};
use crate::store::connection::statement::{Ready, Sql};
use crate::store::error::Error;
use crate::store::projection::row::LiveRow;

pub(super) static APPEND_GROUP: Sql = Sql::new(include_str!("../sql/append_group.sql"), &TYPES);

static TYPES: [Type; 30] = [
    // The rows, as `add_rows` lists them.
    Type::UUID_ARRAY,
    Type::INT8_ARRAY,
    Type::INT8_ARRAY,
    Type::TIMESTAMPTZ_ARRAY,
    Type::TIMESTAMPTZ_ARRAY,
    Type::TIMESTAMPTZ_ARRAY,
    Type::TIMESTAMPTZ_ARRAY,
    Type::INT4_ARRAY,
    Type::BOOL_ARRAY,
    Type::BYTEA_ARRAY,
    Type::BYTEA_ARRAY,
    Type::BYTEA_ARRAY,
    Type::TEXT_ARRAY,
    Type::BYTEA_ARRAY,
    Type::BYTEA_ARRAY,
    Type::TIMESTAMPTZ_ARRAY,
    Type::INET_ARRAY,
    Type::TEXT_ARRAY,
    // The events, as `add_events` does.
    Type::UUID_ARRAY,
    Type::INT8_ARRAY,
    Type::UUID_ARRAY,
    Type::TEXT_ARRAY,
    Type::INT2_ARRAY,
    Type::TEXT_ARRAY,
    Type::TEXT_ARRAY,
    Type::BYTEA_ARRAY,
    Type::BYTEA_ARRAY,
    Type::TIMESTAMPTZ_ARRAY,
    Type::INET_ARRAY,
    Type::TEXT_ARRAY,
];

/// A parameter.
type List<'a> = Box<dyn ToSql + Send + Sync + 'a>;

/// An event at a version of a session.
type Event<'a> = (Uuid, i64, EventRow<'a>);

/// Sends changes of live sessions, of each session one. An error says nothing of which of them is to blame.
pub(super) async fn append_group(
    client: &ClientWrapper,
    statement: &Ready,
    changes: &[&Append],
) -> Result<(), Error> {
    let row = |change: &&Append| LiveRow::of(change.written.id, &change.written.state);
    let rows: Vec<LiveRow> = changes.iter().map(row).collect();
    let events: Vec<Event<'_>> = changes.iter().flat_map(|change| events(change)).collect();
    let mut lists = Vec::with_capacity(TYPES.len());
    add_rows(&mut lists, changes, &rows);
    add_events(&mut lists, &events);
    let parameters: Vec<&(dyn ToSql + Sync)> =
        lists.iter().map(|list| -> &(dyn ToSql + Sync) { &**list }).collect();
    statement.query(client, &parameters).await?;
    Ok(())
}

fn events(change: &Append) -> impl Iterator<Item = Event<'_>> {
    let session = change.written.id.as_uuid();
    change.written.entries.iter().map(move |entry| (session, entry.version, EventRow::of(entry)))
}

fn add_rows<'a>(lists: &mut Vec<List<'a>>, changes: &'a [&Append], rows: &'a [LiveRow]) {
    lists.extend([
        list(rows, |row| row.session_id.as_uuid()),
        list(changes, |change| change.written.expected_version),
        list(rows, |row| row.version),
        list(rows, |row| row.changed_at),
        list(rows, |row| row.authenticated_at),
        list(rows, |row| row.absolute_deadline),
        list(rows, |row| row.superseded_until),
        list(rows, |row| row.idle_timeout),
        list(rows, |row| row.superseded_accepted),
        list(rows, |row| &row.token_hash),
        list(rows, |row| &row.superseded_hash),
        list(rows, |row| &row.head_hash),
        list(rows, |row| &row.user_id),
        list(rows, |row| &row.state),
        list(changes, |change| &change.resend),
        list(rows, |row| row.started_at),
        list(rows, |row| row.client_ip),
        list(rows, |row| &row.user_agent),
    ]);
}

fn add_events<'a>(lists: &mut Vec<List<'a>>, events: &'a [Event<'_>]) {
    lists.extend([
        list(events, |(session, _, _)| *session),
        list(events, |(_, version, _)| *version),
        list(events, |(_, _, row)| row.event_id),
        list(events, |(_, _, row)| row.kind),
        list(events, |(_, _, row)| row.shape),
        list(events, |(_, _, row)| row.user),
        list(events, |(_, _, row)| row.actor),
        list(events, |(_, _, row)| &row.payload),
        list(events, |(_, _, row)| row.hash),
        list(events, |(_, _, row)| row.occurred_at),
        list(events, |(_, _, row)| row.client_ip),
        list(events, |(_, _, row)| row.user_agent),
    ]);
}

/// A column of all rows.
fn list<'a, R, T: ToSql + Send + Sync + 'a>(rows: &'a [R], cell: impl Fn(&'a R) -> T) -> List<'a> {
    Box::new(rows.iter().map(cell).collect::<Vec<T>>())
}
