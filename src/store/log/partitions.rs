//! The months of the log as they lie in the database: what they hold, how they are read, and how they go.

use time::OffsetDateTime;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Row};
use uuid::Uuid;

use super::history::recorded;
use crate::session::{Archived, SessionId};
use crate::store::bare::bare;
use crate::store::connection::pool::Connection;
use crate::store::connection::statement::Sql;
use crate::store::connection::watched::Watched;
use crate::store::error::Error;
use crate::store::patience::{Patience, is_locked};

static PARTITION_PAGE: Sql =
    Sql::new(include_str!("../sql/partition_page.sql"), &[Type::UUID, Type::INT8, Type::UUID, Type::INT8]);
const LOG_PARTITIONS: &str = bare(include_str!("../sql/log_partitions.sql"));
const PARTITION_KINDS: &str = bare(include_str!("../sql/partition_kinds.sql"));
const EVENTS_OTHERWISE: &str = bare(include_str!("../sql/events_otherwise.sql"));
const ARCHIVED_PARTITIONS: &str = bare(include_str!("../sql/archived_partitions.sql"));
const DROP_PARTITION: &str = bare(include_str!("../sql/drop_partition.sql"));

/// Begins to drop a month. Its table's lock is waited for a moment only, see `patience.rs`.
const BEGIN: &str = "begin isolation level read committed, not deferrable; set local statement_timeout = 0; set local lock_timeout = '100ms'";

/// A month of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Partition {
    /// The name of its table, such as `event_2026_11`.
    pub name: String,
    /// The beginning of the month: it holds the sessions that started from then on.
    pub began_at: OffsetDateTime,
    /// The end of the month.
    pub end_at: OffsetDateTime,
    /// The first session id that it is for.
    pub first_id: SessionId,
    /// The id after the last one.
    pub end_id: SessionId,
    /// Whether one of these sessions is live.
    pub is_live: bool,
    /// Its size on disk, with its indexes.
    pub bytes: u64,
    /// The subscriptions that have not had all of its events.
    pub followers_behind: Vec<String>,
}

/// How the log is divided.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Partitions {
    /// The months, the oldest first.
    pub months: Vec<Partition>,
    /// How many months after the present one have their partition.
    pub months_ahead: u64,
    /// How many events are in no month but in `event_otherwise`, counted up to
    /// [`OTHERWISE_MAX`](Self::OTHERWISE_MAX). They work as well there, but no archive takes them.
    pub events_otherwise: u64,
}

impl Partitions {
    /// How far events outside all months are counted.
    pub const OTHERWISE_MAX: u64 = 10_000;
}

/// The events of one kind in a month.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct KindCount {
    /// The kind.
    pub kind: String,
    /// How many there are.
    pub events: u64,
    /// When the latest of them was recorded.
    pub latest_at: OffsetDateTime,
}

/// A month of the log that is in an archive, and no longer in the database.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ArchivedPartition {
    /// The name that its table had.
    pub name: String,
    /// The first session id that it was for.
    pub first_id: SessionId,
    /// The id after the last one.
    pub end_id: SessionId,
    /// How many events it held.
    pub events: u64,
    /// Of how many sessions.
    pub sessions: u64,
    /// SHA-256 of the file that holds them now.
    pub file_hash: Vec<u8>,
    /// When it was dropped.
    pub archived_at: OffsetDateTime,
}

/// What was exported of a month.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Export {
    /// How many events.
    pub events: u64,
    /// Of how many sessions.
    pub sessions: u64,
    /// SHA-256 of the file that holds them.
    pub file_hash: [u8; 32],
}

pub(crate) async fn partitions(client: &Client) -> Result<Partitions, Error> {
    let most = i64::try_from(Partitions::OTHERWISE_MAX).unwrap_or(i64::MAX);
    let around = client.query_one(EVENTS_OTHERWISE, &[&most]).await?;
    let months = client.query(LOG_PARTITIONS, &[]).await?;
    Ok(Partitions {
        months: months.iter().map(partition).collect::<Result<_, _>>()?,
        months_ahead: around.try_get::<_, i64>("months_ahead")?.unsigned_abs(),
        events_otherwise: around.try_get::<_, i64>("events_otherwise")?.unsigned_abs(),
    })
}

fn partition(row: &Row) -> Result<Partition, Error> {
    Ok(Partition {
        name: row.try_get("partition")?,
        began_at: row.try_get("began_at")?,
        end_at: row.try_get("end_at")?,
        first_id: id(row, "first_id")?,
        end_id: id(row, "end_id")?,
        is_live: row.try_get("is_live")?,
        bytes: row.try_get::<_, i64>("bytes")?.unsigned_abs(),
        followers_behind: row.try_get("followers_behind")?,
    })
}

pub(crate) async fn kinds(client: &Client, partition: &Partition) -> Result<Vec<KindCount>, Error> {
    let span = (partition.first_id.as_uuid(), partition.end_id.as_uuid());
    let rows = client.query(PARTITION_KINDS, &[&span.0, &span.1]).await?;
    let kind = |row: &Row| {
        Ok(KindCount {
            kind: row.try_get("kind")?,
            events: row.try_get::<_, i64>("events")?.unsigned_abs(),
            latest_at: row.try_get("latest_at")?,
        })
    };
    rows.iter().map(kind).collect()
}

/// Events of a month behind the event `after`, or its first ones.
pub(crate) async fn page(
    connection: &Connection,
    partition: &Partition,
    after: Option<(SessionId, i64)>,
    limit: u32,
) -> Result<Vec<Archived>, Error> {
    let (session, version) = after.unwrap_or((partition.first_id, 0));
    let (session, end) = (session.as_uuid(), partition.end_id.as_uuid());
    let rows = PARTITION_PAGE.query_once(connection, &[&session, &version, &end, &i64::from(limit)]).await?;
    rows.iter().map(|row| Ok(Archived { recorded: recorded(row)?, epoch: row.try_get("epoch")? })).collect()
}

pub(crate) async fn archived(client: &Client) -> Result<Vec<ArchivedPartition>, Error> {
    let rows = client.query(ARCHIVED_PARTITIONS, &[]).await?;
    let archived = |row: &Row| {
        Ok(ArchivedPartition {
            name: row.try_get("partition")?,
            first_id: id(row, "first_id")?,
            end_id: id(row, "end_id")?,
            events: row.try_get::<_, i64>("events")?.unsigned_abs(),
            sessions: row.try_get::<_, i64>("sessions")?.unsigned_abs(),
            file_hash: row.try_get("file_hash")?,
            archived_at: row.try_get("archived_at")?,
        })
    };
    rows.iter().map(archived).collect()
}

/// Drops a month that was exported, in a transaction of its own. It makes nobody wait long.
pub(crate) async fn drop(client: &Watched, partition: &Partition, export: &Export) -> Result<(), Error> {
    let mut patience = Patience::new();
    loop {
        match drop_at_once(client, partition, export).await {
            Err(error) if is_locked(&error) && patience.allows_another_try().await => {}
            outcome => return outcome,
        }
    }
}

async fn drop_at_once(client: &Watched, partition: &Partition, export: &Export) -> Result<(), Error> {
    client.run(BEGIN).await?;
    let count = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let (first, end) = (partition.first_id.as_uuid(), partition.end_id.as_uuid());
    let (events, sessions, hash) = (count(export.events), count(export.sessions), &export.file_hash[..]);
    let parameters: [&(dyn ToSql + Sync); 6] = [&partition.name, &first, &end, &events, &sessions, &hash];
    let dropping = async { Ok(client.query_one(DROP_PARTITION, &parameters).await?) };
    if let Err(error) = client.step(dropping).await {
        client.run("rollback").await.ok();
        return Err(error);
    }
    client.run("commit").await
}

fn id(row: &Row, column: &str) -> Result<SessionId, Error> {
    Ok(SessionId::from(row.try_get::<_, Uuid>(column)?))
}
