//! The library's own SQL, sent by hand with tokio-postgres in the same trips, and the SQL of an ordinary
//! store. Without cookie, codec and chain, only the database and its driver are measured.

mod known;
mod login;
mod ordinary;

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Mutex;

use futures_util::future::join_all;
use session_ledger::SessionId;
use time::OffsetDateTime;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Config, NoTls, Row, Statement};
use uuid::Uuid;

use crate::application::PURCHASE;
use crate::drive::Failure;
use crate::events::{CLIENT, Event};
use known::Kept;

/// How the library begins a transaction that it commits in the same trip.
const BEGIN: &str = "begin isolation level serializable, not deferrable; set local idle_in_transaction_session_timeout = '2s'";
/// How the library begins a transaction of the application.
const BEGIN_APPLICATION: &str = include_str!("../../../src/store/sql/begin.sql");

/// How an application without sessions begins a transaction.
const BEGIN_PLAIN: &str = "begin isolation level serializable; set local statement_timeout = '5s'; \
    set local idle_in_transaction_session_timeout = '5s'";

const LOAD: &str = include_str!("../../../src/store/sql/load.sql");
const CLOCK: &str = include_str!("../../../src/store/sql/clock.sql");
const APPEND: &str = include_str!("../../../src/store/sql/append.sql");
const APPEND_EVENT: &str = include_str!("../../../src/store/sql/append_event.sql");
const ADMIT_LOGIN: &str = include_str!("../../../src/store/sql/admit_login.sql");
const APPEND_LOGIN_STEP: &str = include_str!("../../../src/store/sql/append_login_step.sql");
const CREATE: &str = include_str!("../../../src/store/sql/create.sql");
const END: &str = include_str!("../../../src/store/sql/end.sql");
const HISTORY: &str = include_str!("../../../src/store/sql/history.sql");

/// Whatever the epoch and the head hash before are.
const ANY: [&(dyn ToSql + Sync); 2] = [&None::<i16>, &None::<&[u8]>];

/// One connection.
pub(crate) struct Hand {
    pub(crate) client: Client,
    one: Statement,
    load: Statement,
    clock: Statement,
    append: Statement,
    append_event: Statement,
    admit_login: Statement,
    append_login_step: Statement,
    create: Statement,
    end: Statement,
    history: Statement,
    purchase: Statement,
    plain_load: Statement,
    plain_save: Statement,
    plain_remove: Statement,
    look_at_stock: Statement,
    take_stock: Statement,
    kept: Mutex<HashMap<SessionId, Kept>>,
}

/// Work for one session on a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Task {
    /// Bare trips that ask for nothing.
    Trips(usize),
    Load,
    /// Changes the session, with this number of events.
    Write(usize),
    /// Changes the session with one event, each statement in a trip of its own.
    WriteStepByStep,
    Create,
    End,
    /// Reads all events of the session.
    History,
    /// An insert of the application with a change of the session.
    Order,
    /// As `Write` with one event, of a session that needs no load.
    KnownWrite,
    /// As `Order`, of a session that needs no load.
    KnownOrder,
    /// The application's insert alone.
    Purchase,
    PlainRead,
    PlainWrite,
    PlainCreate,
    PlainEnd,
    /// An ordinary store and an application: two transactions that know nothing of each other.
    PlainOrder,
}

impl Task {
    pub(crate) fn is_of_a_known_session(self) -> bool {
        matches!(self, Self::KnownWrite | Self::KnownOrder)
    }
}

impl Hand {
    pub(crate) async fn connect(database: &Config) -> Result<Self, Failure> {
        let (client, connection) = database.connect(NoTls).await?;
        tokio::spawn(connection);
        Ok(Self {
            one: client.prepare("select 1").await?,
            load: client.prepare(LOAD).await?,
            clock: client.prepare(CLOCK).await?,
            append: client.prepare(APPEND).await?,
            append_event: client.prepare(APPEND_EVENT).await?,
            admit_login: client.prepare(ADMIT_LOGIN).await?,
            append_login_step: client.prepare(APPEND_LOGIN_STEP).await?,
            create: client.prepare(CREATE).await?,
            end: client.prepare(END).await?,
            history: client.prepare(HISTORY).await?,
            purchase: client.prepare(PURCHASE).await?,
            plain_load: client.prepare(include_str!("../sql/plain_load.sql")).await?,
            plain_save: client.prepare(include_str!("../sql/plain_save.sql")).await?,
            plain_remove: client.prepare(include_str!("../sql/plain_remove.sql")).await?,
            look_at_stock: client.prepare(include_str!("../sql/look_at_stock.sql")).await?,
            take_stock: client.prepare(include_str!("../sql/take_stock.sql")).await?,
            client,
            kept: Mutex::default(),
        })
    }

    /// As [`run`](Self::run), and again if it lost a race.
    pub(crate) async fn run_until_done(&self, task: Task, id: SessionId) -> Result<(), Failure> {
        loop {
            match self.run(task, id).await {
                Err(error) if error.downcast_ref().is_some_and(is_race) => {
                    self.client.batch_execute("rollback").await?;
                }
                done => return done,
            }
        }
    }

    pub(crate) async fn run(&self, task: Task, id: SessionId) -> Result<(), Failure> {
        match task {
            Task::Trips(count) => self.trips(count).await,
            Task::Load => self.load(id, false).await.map(drop),
            Task::Write(events) => self.write(id, events).await,
            Task::WriteStepByStep => self.write_step_by_step(id).await,
            Task::Create => self.create(new_id()).await,
            Task::End => self.end(id).await,
            Task::History => self.history(id).await,
            Task::Order => self.order(id).await,
            Task::KnownWrite => self.known_write(id).await,
            Task::KnownOrder => self.known_order(id).await,
            Task::Purchase => self.purchase().await,
            Task::PlainRead => self.plain_read(id).await.map(drop),
            Task::PlainWrite => self.plain_write(id).await,
            Task::PlainCreate => self.plain_save(new_id(), &[7; 64]).await,
            Task::PlainEnd => self.plain_end(id).await,
            Task::PlainOrder => self.plain_order(id).await,
        }
    }

    async fn trips(&self, count: usize) -> Result<(), Failure> {
        for _ in 0..count {
            self.client.query_one(&self.one, &[]).await?;
        }
        Ok(())
    }

    async fn load(&self, id: SessionId, begins: bool) -> Result<Row, Failure> {
        Ok(self.client.query_one(&self.load, &[&id.as_uuid(), &begins]).await?)
    }

    /// Load, then BEGIN, append and COMMIT in one trip.
    async fn write(&self, id: SessionId, events: usize) -> Result<(), Failure> {
        let row = self.load(id, false).await?;
        let (begun, appended, committed) = tokio::join!(biased;
            self.client.batch_execute(BEGIN),
            self.append(id, &row, events),
            self.client.batch_execute("commit"),
        );
        begun?;
        appended?;
        committed?;
        Ok(())
    }

    /// Load, BEGIN, append and COMMIT, each in a trip of its own.
    async fn write_step_by_step(&self, id: SessionId) -> Result<(), Failure> {
        let row = self.load(id, false).await?;
        self.client.batch_execute(BEGIN).await?;
        self.append(id, &row, 1).await?;
        Ok(self.client.batch_execute("commit").await?)
    }

    /// Load, then BEGIN, end and COMMIT in one trip.
    async fn end(&self, id: SessionId) -> Result<(), Failure> {
        let row = self.load(id, false).await?;
        let (begun, ended, committed) = tokio::join!(biased;
            self.client.batch_execute(BEGIN),
            self.run_end(id, &row),
            self.client.batch_execute("commit"),
        );
        begun?;
        ended?;
        committed?;
        Ok(())
    }

    /// BEGIN and load in one trip, the application's insert, then append and COMMIT in one trip.
    async fn order(&self, id: SessionId) -> Result<(), Failure> {
        let (begun, row) = tokio::join!(biased;
            self.client.batch_execute(BEGIN_APPLICATION),
            self.load(id, true),
        );
        begun?;
        let row = row?;
        self.client.execute(&self.purchase, &[&"alice"]).await?;
        let (appended, committed) = tokio::join!(biased;
            self.append(id, &row, 1),
            self.client.batch_execute("commit"),
        );
        appended?;
        committed?;
        Ok(())
    }

    /// A transaction of the application alone, under the library's limits.
    async fn purchase(&self) -> Result<(), Failure> {
        self.client.batch_execute(BEGIN_PLAIN).await?;
        self.client.execute(&self.purchase, &[&"alice"]).await?;
        Ok(self.client.batch_execute("commit").await?)
    }

    async fn history(&self, id: SessionId) -> Result<(), Failure> {
        self.client.query(&self.history, &[&id.as_uuid()]).await?;
        Ok(())
    }

    /// The application's own part of a contended request, without a session. It runs until it commits, and
    /// returns the number of aborts.
    pub(crate) async fn stock(&self, looked_at: u64, taken: u64) -> Result<u64, Failure> {
        let mut aborts = 0;
        loop {
            match self.try_stock(looked_at as i64, taken as i64).await {
                Ok(()) => return Ok(aborts),
                Err(error) if is_race(&error) => {
                    self.client.batch_execute("rollback").await?;
                    aborts += 1;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    async fn try_stock(&self, looked_at: i64, taken: i64) -> Result<(), tokio_postgres::Error> {
        self.client.batch_execute(BEGIN_APPLICATION).await?;
        self.client.query_one(&self.look_at_stock, &[&looked_at]).await?;
        self.client.query_one(&self.take_stock, &[&taken]).await?;
        self.client.batch_execute("commit").await
    }

    async fn append(&self, id: SessionId, row: &Row, count: usize) -> Result<(), Failure> {
        self.append_at(id, row, row.try_get("version")?, count, ANY).await
    }

    async fn append_at(
        &self,
        id: SessionId,
        row: &Row,
        version: i64,
        count: usize,
        known: [&(dyn ToSql + Sync); 2],
    ) -> Result<(), Failure> {
        let now: OffsetDateTime = row.try_get("now")?;
        let started_at: OffsetDateTime = row.try_get("started_at")?;
        let authenticated_at: Option<OffsetDateTime> = row.try_get("authenticated_at")?;
        let superseded_until: Option<OffsetDateTime> = row.try_get("superseded_until")?;
        let accepted: Option<bool> = row.try_get("superseded_accepted")?;
        let (hash, superseded): (&[u8], Option<&[u8]>) =
            (row.try_get("token_hash")?, row.try_get("superseded_hash")?);
        let (head, state): (&[u8], &[u8]) = (row.try_get("head_hash")?, row.try_get("state")?);
        let (user, resend): (Option<&str>, Option<&[u8]>) = (row.try_get("user_id")?, row.try_get("resend")?);
        let (client_ip, user_agent): (Option<IpAddr>, Option<&str>) =
            (row.try_get("client_ip")?, row.try_get("user_agent")?);
        let event = Event::new(user);
        let (uuid, after) = (id.as_uuid(), version + i64::try_from(count)?);
        let (deadline, idle) = (Some(now), Some(1_209_600_i32));
        let mut parameters: Vec<&(dyn ToSql + Sync)> = vec![
            &uuid,
            &version,
            &after,
            &started_at,
            &now,
            &authenticated_at,
            &deadline,
            &superseded_until,
            &idle,
            &accepted,
            &hash,
            &superseded,
            &head,
            &user,
            &client_ip,
            &user_agent,
            &state,
            &resend,
        ];
        event.add_to(&mut parameters, &now);
        parameters.extend(known);
        let more: Vec<i64> = (version + 2..=after).collect();
        let (appended, more) = tokio::join!(biased;
            self.client.query(&self.append, &parameters),
            join_all(more.iter().map(|version| self.append_event(uuid, *version, user, now))),
        );
        appended?;
        more.into_iter().collect()
    }

    async fn append_event(
        &self,
        session: Uuid,
        version: i64,
        user: Option<&str>,
        now: OffsetDateTime,
    ) -> Result<(), Failure> {
        let event = Event::new(user);
        let mut parameters: Vec<&(dyn ToSql + Sync)> = vec![&session, &version];
        event.add_to(&mut parameters, &now);
        self.client.query(&self.append_event, &parameters).await?;
        Ok(())
    }

    async fn run_end(&self, id: SessionId, row: &Row) -> Result<(), Failure> {
        let (version, now): (i64, OffsetDateTime) = (row.try_get("version")?, row.try_get("now")?);
        let (last_seen, authenticated_at): (OffsetDateTime, Option<OffsetDateTime>) =
            (row.try_get("last_seen")?, row.try_get("authenticated_at")?);
        let (user, head): (Option<&str>, &[u8]) = (row.try_get("user_id")?, row.try_get("head_hash")?);
        let event = Event::saying_client(user);
        let (uuid, after) = (id.as_uuid(), version + 1);
        let started_at: OffsetDateTime = row.try_get("started_at")?;
        let mut parameters: Vec<&(dyn ToSql + Sync)> = vec![
            &uuid,
            &version,
            &after,
            &started_at,
            &now,
            &last_seen,
            &authenticated_at,
            &"logged_out",
            &user,
        ];
        // Its user has ended it.
        let ended_by = None::<&str>;
        parameters.extend([&CLIENT.0 as &(dyn ToSql + Sync), &CLIENT.1, &head, &ended_by]);
        event.add_to(&mut parameters, &now);
        parameters.extend(ANY);
        self.client.query(&self.end, &parameters).await?;
        Ok(())
    }
}

fn new_id() -> SessionId {
    SessionId::new(OffsetDateTime::now_utc(), rand::random())
}

fn is_race(error: &tokio_postgres::Error) -> bool {
    matches!(error.code(), Some(&SqlState::T_R_SERIALIZATION_FAILURE | &SqlState::T_R_DEADLOCK_DETECTED))
}
