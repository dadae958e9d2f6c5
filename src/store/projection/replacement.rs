//! Replacing the projection: lock it, empty it, copy new rows in.

use std::pin::pin;

use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Statement};

use super::row::{EndedRow, LiveRow, ProjectedRow};
use crate::store::error::Error;
use crate::store::schema::PAD_TABLES;

const OTHER_BACKENDS: &str = include_str!("../sql/other_backends.sql");
const BEGIN_REBUILD: &str = include_str!("../sql/begin_rebuild.sql");
const EMPTY_PROJECTION: &str = include_str!("../sql/empty_projection.sql");
const DELETE_PROJECTION: &str = include_str!("../sql/delete_projection.sql");
const COPY_LIVE_ROWS: &str = include_str!("../sql/copy_live_rows.sql");
const COPY_ENDED_ROWS: &str = include_str!("../sql/copy_ended_rows.sql");

/// The columns of `copy_live_rows.sql`, in its order.
const LIVE: [Type; 16] = [
    Type::UUID,
    Type::INT8,
    Type::TIMESTAMPTZ,
    Type::TIMESTAMPTZ,
    Type::TIMESTAMPTZ,
    Type::TIMESTAMPTZ,
    Type::TIMESTAMPTZ,
    Type::INT4,
    Type::BOOL,
    Type::BYTEA,
    Type::BYTEA,
    Type::BYTEA,
    Type::TEXT,
    Type::INET,
    Type::TEXT,
    Type::BYTEA,
];

/// The columns of `copy_ended_rows.sql`, in its order.
const ENDED: [Type; 11] = [
    Type::UUID,
    Type::INT8,
    Type::TIMESTAMPTZ,
    Type::TIMESTAMPTZ,
    Type::TIMESTAMPTZ,
    Type::TIMESTAMPTZ,
    Type::TEXT,
    Type::TEXT,
    Type::INET,
    Type::TEXT,
    Type::BYTEA,
];

/// How many rows are gathered before they are sent.
const ROWS_GATHERED_MAX: usize = 1000;

/// Another connection to the same database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backend {
    /// The server's process that serves it.
    pub pid: i32,
    /// What it calls itself; empty if it does not.
    pub application_name: String,
}

/// Writes rows into the emptied projection, in the transaction that is open on a connection.
pub(crate) struct Replacement<'a> {
    client: &'a Client,
    copy_live: Statement,
    copy_ended: Statement,
    live: Vec<LiveRow>,
    ended: Vec<EndedRow>,
}

/// Who else is connected.
pub(crate) async fn other_backends(client: &Client) -> Result<Vec<Backend>, Error> {
    let rows = client.query(OTHER_BACKENDS, &[]).await?;
    let backend = |row: &tokio_postgres::Row| {
        let application_name: Option<String> = row.try_get("application_name")?;
        Ok(Backend { pid: row.try_get("pid")?, application_name: application_name.unwrap_or_default() })
    };
    rows.iter().map(backend).collect()
}

impl<'a> Replacement<'a> {
    /// Begins a transaction, locks the projection and empties it: at once, or, if others are `connected`, in
    /// the way that lets those who wait find their sessions again.
    pub(crate) async fn begin(client: &'a Client, connected: bool) -> Result<Self, Error> {
        client.batch_execute(BEGIN_REBUILD).await?;
        if connected {
            client.batch_execute(DELETE_PROJECTION).await?;
        } else {
            client.batch_execute(EMPTY_PROJECTION).await?;
            client.batch_execute(PAD_TABLES).await?;
        }
        let copy_live = client.prepare(COPY_LIVE_ROWS).await?;
        let copy_ended = client.prepare(COPY_ENDED_ROWS).await?;
        Ok(Self { client, copy_live, copy_ended, live: Vec::new(), ended: Vec::new() })
    }

    /// Adds a row.
    pub(crate) async fn add(&mut self, row: ProjectedRow) -> Result<(), Error> {
        match row {
            ProjectedRow::Live(row) => self.live.push(row),
            ProjectedRow::Ended(row) => self.ended.push(row),
        }
        if self.live.len() + self.ended.len() >= ROWS_GATHERED_MAX { self.send().await } else { Ok(()) }
    }

    /// Sends what was gathered.
    pub(crate) async fn send(&mut self) -> Result<(), Error> {
        self.send_live().await?;
        self.send_ended().await?;
        self.live.clear();
        self.ended.clear();
        Ok(())
    }

    async fn send_live(&self) -> Result<(), Error> {
        if self.live.is_empty() {
            return Ok(());
        }
        let mut writer = pin!(BinaryCopyInWriter::new(self.client.copy_in(&self.copy_live).await?, &LIVE));
        for row in &self.live {
            let id = row.session_id.as_uuid();
            let values: [&(dyn ToSql + Sync); 16] = [
                &id,
                &row.version,
                &row.started_at,
                &row.changed_at,
                &row.authenticated_at,
                &row.absolute_deadline,
                &row.superseded_until,
                &row.idle_timeout,
                &row.superseded_accepted,
                &row.token_hash,
                &row.superseded_hash,
                &row.head_hash,
                &row.user_id,
                &row.client_ip,
                &row.user_agent,
                &row.state,
            ];
            writer.as_mut().write(&values).await?;
        }
        writer.finish().await?;
        Ok(())
    }

    async fn send_ended(&self) -> Result<(), Error> {
        if self.ended.is_empty() {
            return Ok(());
        }
        let mut writer = pin!(BinaryCopyInWriter::new(self.client.copy_in(&self.copy_ended).await?, &ENDED));
        for row in &self.ended {
            let id = row.session_id.as_uuid();
            let values: [&(dyn ToSql + Sync); 11] = [
                &id,
                &row.version,
                &row.started_at,
                &row.ended_at,
                &row.last_seen,
                &row.authenticated_at,
                &row.reason,
                &row.user_id,
                &row.client_ip,
                &row.user_agent,
                &row.head_hash,
            ];
            writer.as_mut().write(&values).await?;
        }
        writer.finish().await?;
        Ok(())
    }
}
