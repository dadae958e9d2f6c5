//! Rebuilt rows that wait beside the live ones, and take their places a few at a time.
//!
//! Tables cannot be exchanged under a transaction that is at work: by its snapshot, which is older, the new
//! table would be empty. Here each row changes where it is, while its lock keeps writers of that session out
//! for a moment. So there is no moment at which all writers have to wait.

use std::sync::LazyLock;

use deadpool_postgres::ClientWrapper;
use futures_util::future::try_join_all;
use tokio_postgres::types::Type;
use tokio_postgres::{Row, Statement};
use uuid::Uuid;

use super::columns::{EndedRow, LiveRow, LoginRow};
use super::copying::{ROWS_GATHERED_MAX, copy};
use super::row::ProjectedRow;
use crate::session::SessionId;
use crate::store::bare::bare;
use crate::store::connection::reading::Stretch;
use crate::store::connection::watched::Watched;
use crate::store::error::Error;
use crate::store::log::streams::Streams;
use crate::store::patience::{Patience, is_locked};
use crate::store::table::Values;

const CLAIM_REBUILD: &str = bare(include_str!("../sql/claim_rebuild.sql"));
const EMPTY_STAGING: &str = bare(include_str!("../sql/empty_staging.sql"));
const STAGE_LIVE_ROWS: &str = bare(include_str!("../sql/stage_live_rows.sql"));
const STAGE_ENDED_ROWS: &str = bare(include_str!("../sql/stage_ended_rows.sql"));
const STAGE_LOGIN_STEPS: &str = bare(include_str!("../sql/stage_login_steps.sql"));
const BEGIN_MENDING: &str = bare(include_str!("../sql/begin_mending.sql"));
const NEXT_STAGED: &str = bare(include_str!("../sql/next_staged.sql"));
const MOVED_SESSIONS: &str = bare(include_str!("../sql/moved_sessions.sql"));
const UNSTAGE: &str = bare(include_str!("../sql/unstage.sql"));
const CLEAR_ROWS: &str = bare(include_str!("../sql/clear_rows.sql"));
const MEND_LIVE_ROWS: &str = bare(include_str!("../sql/mend_live_rows.sql"));
const ADD_LIVE_ROWS: &str = bare(include_str!("../sql/add_live_rows.sql"));
const ADD_ENDED_ROWS: &str = bare(include_str!("../sql/add_ended_rows.sql"));
const ADD_LOGIN_STEPS: &str = bare(include_str!("../sql/add_login_steps.sql"));

/// What replaces the rows of sessions, in this order.
const MENDING: [&str; 6] =
    [CLEAR_ROWS, MEND_LIVE_ROWS, ADD_LIVE_ROWS, ADD_ENDED_ROWS, ADD_LOGIN_STEPS, UNSTAGE];

static LIVE: LazyLock<Vec<Type>> = LazyLock::new(|| [&[Type::UUID], LiveRow::TYPES, &[Type::BYTEA]].concat());
static ENDED: LazyLock<Vec<Type>> = LazyLock::new(|| [&[Type::UUID], EndedRow::TYPES].concat());
static LOGIN: LazyLock<Vec<Type>> = LazyLock::new(|| [&[Type::UUID], LoginRow::TYPES].concat());

/// A session whose rows differ from those that the log makes, and these.
#[derive(Debug)]
pub(crate) struct RebuiltSession {
    pub(crate) session: SessionId,
    pub(crate) row: ProjectedRow,
    pub(crate) logins: Vec<LoginRow>,
    /// What the live row's `resend` holds, if it holds what does not belong there.
    pub(crate) wrong_resend: Option<Vec<u8>>,
}

/// A live row, and what its `resend` holds that does not belong there.
type StagedLive = (LiveRow, Option<Vec<u8>>);

/// The rebuilt rows, on a connection of its own.
pub(crate) struct Staging {
    client: Watched,
    copies: [Statement; 3],
    live: Vec<(Uuid, StagedLive)>,
    ended: Vec<(Uuid, EndedRow)>,
    logins: Vec<(Uuid, LoginRow)>,
}

/// A few sessions whose rebuilt rows are next, in a transaction.
pub(crate) struct Turn {
    /// Whose rows nobody else can write to until the transaction ends.
    pub(crate) free: Vec<Uuid>,
    /// How many others there are, which somebody else has locked.
    pub(crate) held: usize,
    /// The last of them all.
    pub(crate) last: Uuid,
}

impl Staging {
    /// Makes sure that no other rebuild works beside the application, and takes away what a stopped one has
    /// left behind. `None` if another one is at work.
    pub(crate) async fn claim(client: Watched) -> Result<Option<Self>, Error> {
        let mut patience = Patience::new();
        while !is_claimed(&client).await? {
            // One that was killed a moment ago may still have the lock.
            if !patience.allows_another_try().await {
                return Ok(None);
            }
        }
        let copies = client.step(prepare(&client)).await?;
        let staging = Self { client, copies, live: Vec::new(), ended: Vec::new(), logins: Vec::new() };
        staging.empty().await?;
        Ok(Some(staging))
    }

    /// Empties the tables.
    pub(crate) async fn empty(&self) -> Result<(), Error> {
        let mut patience = Patience::new();
        loop {
            match self.client.run(EMPTY_STAGING).await {
                Err(error) if is_locked(&error) && patience.allows_another_try().await => {}
                done => return done,
            }
        }
    }

    /// Puts a session's rows beside the live ones.
    pub(crate) async fn add(&mut self, rebuilt: RebuiltSession) -> Result<(), Error> {
        let session = rebuilt.session.as_uuid();
        match rebuilt.row {
            ProjectedRow::Live(row) => self.live.push((session, (row, rebuilt.wrong_resend))),
            ProjectedRow::Ended(row) => self.ended.push((session, row)),
        }
        self.logins.extend(rebuilt.logins.into_iter().map(|step| (session, step)));
        let gathered = self.live.len() + self.ended.len() + self.logins.len();
        if gathered >= ROWS_GATHERED_MAX { self.send().await } else { Ok(()) }
    }

    /// Sends the rows that were gathered.
    pub(crate) async fn send(&mut self) -> Result<(), Error> {
        let (client, [live, ended, logins]) = (&self.client, &self.copies);
        client.step(copy(client, live, &LIVE, &self.live, add_live)).await?;
        client.step(copy(client, ended, &ENDED, &self.ended, EndedRow::add_to)).await?;
        client.step(copy(client, logins, &LOGIN, &self.logins, LoginRow::add_to)).await?;
        self.live.clear();
        self.ended.clear();
        self.logins.clear();
        Ok(())
    }

    /// Begins a transaction, and locks the live rows of the next sessions behind `after`. `None`, and no
    /// transaction, if there are none.
    pub(crate) async fn begin(&self, after: Uuid) -> Result<Option<Turn>, Error> {
        self.client.run(BEGIN_MENDING).await?;
        let rows = self.query(NEXT_STAGED, &after).await?;
        let Some(last) = rows.last() else {
            self.client.run("commit").await?;
            return Ok(None);
        };
        let last = last.try_get("session_id")?;
        let mut free = Vec::with_capacity(rows.len());
        for row in &rows {
            if row.try_get("is_free")? {
                free.push(row.try_get("session_id")?);
            }
        }
        Ok(Some(Turn { held: rows.len() - free.len(), free, last }))
    }

    /// Which of these sessions have events of which their rebuilt rows do not know.
    pub(crate) async fn moved(&self, free: &Vec<Uuid>) -> Result<Vec<SessionId>, Error> {
        let rows = self.query(MOVED_SESSIONS, free).await?;
        rows.iter().map(|row| Ok(row.try_get::<_, Uuid>("session_id")?.into())).collect()
    }

    /// The events of one session. They must be read to their end before anything else is done.
    pub(crate) async fn log(&self, session: SessionId) -> Result<Streams, Error> {
        Streams::open(&self.client, Stretch::one(session.as_uuid())).await
    }

    /// Puts other rows of a session in the place of those that wait.
    pub(crate) async fn replace(&mut self, rebuilt: RebuiltSession) -> Result<(), Error> {
        self.give_up(rebuilt.session).await?;
        self.add(rebuilt).await?;
        self.send().await
    }

    /// Takes the rows of a session away that wait.
    pub(crate) async fn give_up(&self, session: SessionId) -> Result<(), Error> {
        self.query(UNSTAGE, &vec![session.as_uuid()]).await.map(drop)
    }

    /// Gives these sessions their rebuilt rows.
    pub(crate) async fn mend(&self, free: &Vec<Uuid>) -> Result<(), Error> {
        // In one trip: each statement is sent when it is first polled.
        let client = &self.client;
        let statements = async {
            let prepared = try_join_all(MENDING.map(|text| client.prepare_cached(text))).await?;
            try_join_all(prepared.iter().map(|one| async move { client.query(one, &[free]).await })).await?;
            Ok(())
        };
        client.step(statements).await
    }

    /// Ends the transaction of a turn.
    pub(crate) async fn commit(&self) -> Result<(), Error> {
        self.client.run("commit").await
    }

    /// Undoes a turn after an `error`. Closing the connection would do it too.
    pub(crate) async fn rollback(&self, error: &Error) {
        if !matches!(error, Error::Disconnected(_)) {
            self.client.run("rollback").await.ok();
        }
    }

    async fn query(
        &self,
        text: &str,
        parameter: &(impl tokio_postgres::types::ToSql + Sync),
    ) -> Result<Vec<Row>, Error> {
        let asking = async {
            let statement = self.client.prepare_cached(text).await?;
            Ok::<_, Error>(self.client.query(&statement, &[parameter]).await?)
        };
        self.client.step(asking).await
    }
}

async fn is_claimed(client: &Watched) -> Result<bool, Error> {
    let asking = async { Ok::<_, Error>(client.query_one(CLAIM_REBUILD, &[]).await?) };
    Ok(client.step(asking).await?.try_get("is_claimed")?)
}

async fn prepare(client: &ClientWrapper) -> Result<[Statement; 3], Error> {
    Ok([
        client.prepare(STAGE_LIVE_ROWS).await?,
        client.prepare(STAGE_ENDED_ROWS).await?,
        client.prepare(STAGE_LOGIN_STEPS).await?,
    ])
}

fn add_live<'p>((row, resend): &'p StagedLive, values: &mut Values<'p>) {
    row.add_to(values);
    values.push(resend);
}
