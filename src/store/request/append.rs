//! Appending: one statement writes the row and the first event, or fails. Each further event is a statement
//! of its own, and so is each step of a login among the events. Behind them come the statements of inline
//! projections. All travel together.

use std::sync::LazyLock;

use deadpool_postgres::ClientWrapper;
use tokio_postgres::Error as DriverError;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{ToSql, Type};

use crate::session::login_step::is_step;
use crate::session::{ChainHash, Entry, LoginStep, SessionId, Written};
use crate::store::connection::pipeline::{Step, pipelined};
use crate::store::connection::pool::Connection;
use crate::store::connection::statement::{Ready, Sql};
use crate::store::error::Error;
use crate::store::log::columns::EventRow;
use crate::store::projection::columns::{EndedRow, LiveRow, LoginRow};
use crate::store::projection::own::ready::ReadyStatement;
use crate::store::projection::row::ProjectedRow;
use crate::store::table::Values;

static CREATE: LazyLock<Sql> = LazyLock::new(|| {
    let types = [&PLACE, LiveRow::TYPES, &[Type::BYTEA], EventRow::TYPES];
    Sql::joined(include_str!("../sql/create.sql"), &types)
});
static APPEND: LazyLock<Sql> = LazyLock::new(|| {
    let types = [&PLACE, LiveRow::TYPES, &[Type::BYTEA], EventRow::TYPES, &BASE];
    Sql::joined(include_str!("../sql/append.sql"), &types)
});
static END: LazyLock<Sql> = LazyLock::new(|| {
    Sql::joined(include_str!("../sql/end.sql"), &[&PLACE, EndedRow::TYPES, EventRow::TYPES, &BASE])
});
static APPEND_EVENT: LazyLock<Sql> =
    LazyLock::new(|| Sql::joined(include_str!("../sql/append_event.sql"), &[&PLACE, EventRow::TYPES]));
static APPEND_LOGIN_STEP: LazyLock<Sql> = LazyLock::new(|| {
    Sql::joined(include_str!("../sql/append_login_step.sql"), &[&[Type::UUID], LoginRow::TYPES])
});

/// A session and a version of it: the first two parameters of each statement here that writes an event.
const PLACE: [Type; 2] = [Type::UUID, Type::INT8];

/// [`Base`]: the last parameters of each statement that changes a stored session.
const BASE: [Type; 2] = [Type::INT2, Type::BYTEA];

/// How many parameters `append.sql` has. No other statement here has as many.
const PARAMETERS_MAX: usize = PLACE.len() + LiveRow::TYPES.len() + 1 + EventRow::TYPES.len() + BASE.len();

/// One session's events, ready to be sent.
#[derive(Clone, Debug)]
pub(crate) struct Append {
    pub(crate) written: Written,
    /// The new secret, sealed, while a late request may need it.
    pub(crate) resend: Option<Vec<u8>>,
    /// None for a start, and where nothing but the version must be as it was.
    pub(crate) base: Option<Base>,
}

/// The statements that write an append.
pub(crate) struct ReadyAppend {
    /// One for each event.
    events: Vec<Ready>,
    derived: ReadyDerived,
}

/// The statements that write what is derived from an append besides the row.
pub(super) struct ReadyDerived {
    /// One for each step of a login.
    logins: Vec<Ready>,
    /// Those of inline projections.
    own: Vec<ReadyStatement>,
}

/// The stored session that an append goes on from, besides its version. After a restore or a failover another
/// session may have come to that version.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Base {
    /// The database's epoch.
    pub(crate) epoch: i16,
    /// The chain up to the version.
    pub(crate) head: ChainHash,
}

impl Append {
    /// Events for whatever session is at their version.
    pub(crate) fn of(written: Written, resend: Option<Vec<u8>>) -> Self {
        Self { written, resend, base: None }
    }

    /// Whether it changes a live session, which stays live.
    pub(crate) fn is_change(&self) -> bool {
        self.written.expected_version > 0 && self.written.state.ended.is_none()
    }

    /// Its events, with their session.
    pub(crate) fn recorded(&self) -> impl Iterator<Item = (SessionId, &Entry)> {
        self.written.entries.iter().map(|entry| (self.written.id, entry))
    }

    /// Makes the statements ready that write this, one for each event and each step of a login, and those of
    /// inline projections, so that they can be pipelined.
    pub(crate) async fn ready(&self, connection: &Connection) -> Result<ReadyAppend, Error> {
        let Written { expected_version, entries, state, .. } = &self.written;
        let first: &'static Sql = match (expected_version, &state.ended) {
            (_, Some(_)) => &END,
            (0, None) => &CREATE,
            (_, None) => &APPEND,
        };
        let mut statements = Vec::with_capacity(entries.len());
        statements.push(first.ready(connection).await?);
        for _ in entries.iter().skip(1) {
            statements.push(APPEND_EVENT.ready(connection).await?);
        }
        Ok(ReadyAppend { events: statements, derived: self.ready_derived(connection).await? })
    }

    /// Makes the statements ready that write what is derived besides the row: the steps of logins, and inline
    /// projections. Most appends have none. A step that cannot be told fails here: in the pipeline that would
    /// not stop the COMMIT behind it.
    pub(super) async fn ready_derived(&self, connection: &Connection) -> Result<ReadyDerived, Error> {
        let mut logins = Vec::new();
        for entry in self.login_steps() {
            step_of(self.written.id, entry)?;
            logins.push(APPEND_LOGIN_STEP.ready(connection).await?);
        }
        Ok(ReadyDerived { logins, own: self.ready_own(connection).await? })
    }

    /// Makes the statements of inline projections ready.
    pub(super) async fn ready_own(&self, connection: &Connection) -> Result<Vec<ReadyStatement>, Error> {
        let mut own = Vec::new();
        for made in connection.inline().statements(self.written.id, self.written.entries.iter())? {
            own.push(ReadyStatement::of(made, connection, connection.statements()).await?);
        }
        Ok(own)
    }

    /// The steps that write this: the row with the first event, then each further event, then what is derived
    /// besides. Their parameters cannot fail to encode. If the row is not at the expected version, the server
    /// reports an error, so that nothing that is sent behind it can succeed, not even a COMMIT.
    pub(super) fn steps<'a>(
        &'a self,
        client: &'a ClientWrapper,
        statements: &'a ReadyAppend,
    ) -> impl Iterator<Item = Step<'a>> {
        let events = self.written.entries.iter().zip(&statements.events).enumerate();
        let events = events.map(move |(nth, (entry, statement))| -> Step<'a> {
            if nth == 0 {
                Box::pin(self.write_row(client, statement, entry))
            } else {
                Box::pin(append_event(client, statement, self.written.id, entry))
            }
        });
        events.chain(self.steps_derived(client, &statements.derived))
    }

    /// The steps that write what is derived besides the row, behind those that write the events.
    pub(super) fn steps_derived<'a>(
        &'a self,
        client: &'a ClientWrapper,
        statements: &'a ReadyDerived,
    ) -> impl Iterator<Item = Step<'a>> {
        let logins = self.login_steps().zip(&statements.logins).map(move |(entry, statement)| -> Step<'a> {
            Box::pin(append_login_step(client, statement, self.written.id, entry))
        });
        logins.chain(statements.own.iter().map(move |statement| statement.step(client)))
    }

    fn login_steps(&self) -> impl Iterator<Item = &Entry> {
        self.written.entries.iter().filter(|entry| is_step(entry))
    }

    /// Sends it by itself, inside a transaction that the caller commits.
    pub(crate) async fn run(&self, client: &ClientWrapper, statements: &ReadyAppend) -> Result<(), Error> {
        pipelined(self.steps(client, statements).collect()).await
    }

    async fn write_row(&self, client: &ClientWrapper, statement: &Ready, first: &Entry) -> Result<(), Error> {
        let Written { id, expected_version, state, .. } = &self.written;
        let (uuid, row, event) = (id.as_uuid(), ProjectedRow::of(state), EventRow::of(first));
        let mut values: Values<'_> = Vec::with_capacity(PARAMETERS_MAX);
        values.push(&uuid);
        values.push(expected_version);
        match &row {
            ProjectedRow::Live(row) => {
                row.add_to(&mut values);
                values.push(&self.resend);
            }
            ProjectedRow::Ended(row) => row.add_to(&mut values),
        }
        event.add_to(&mut values);
        let base =
            (self.base.map(|base| base.epoch), self.base.as_ref().map(|base| &base.head.as_bytes()[..]));
        if *expected_version > 0 {
            values.extend([&base.0 as &(dyn ToSql + Sync), &base.1]);
        }
        sent(statement, client, &values, *id).await
    }
}

async fn append_event(
    client: &ClientWrapper,
    statement: &Ready,
    session: SessionId,
    entry: &Entry,
) -> Result<(), Error> {
    let (uuid, event) = (session.as_uuid(), EventRow::of(entry));
    let mut values: Values<'_> = Vec::with_capacity(PLACE.len() + EventRow::TYPES.len());
    values.push(&uuid);
    values.push(&entry.version);
    event.add_to(&mut values);
    sent(statement, client, &values, session).await
}

async fn append_login_step(
    client: &ClientWrapper,
    statement: &Ready,
    session: SessionId,
    entry: &Entry,
) -> Result<(), Error> {
    // An event of a shape that this version does not know is no step.
    let Some(row) = step_of(session, entry)?.map(LoginRow::of) else { return Ok(()) };
    let uuid = session.as_uuid();
    let mut values: Values<'_> = Vec::with_capacity(1 + LoginRow::TYPES.len());
    values.push(&uuid);
    row.add_to(&mut values);
    sent(statement, client, &values, session).await
}

fn step_of(session: SessionId, entry: &Entry) -> Result<Option<LoginStep<'_>>, Error> {
    LoginStep::of(entry).map_err(|error| Error::Undecodable { session, error })
}

async fn sent(
    statement: &Ready,
    client: &ClientWrapper,
    values: &Values<'_>,
    session: SessionId,
) -> Result<(), Error> {
    match statement.query(client, values).await {
        Ok(_) => Ok(()),
        Err(error) => Err(refused(session, error)),
    }
}

/// The statement divides by zero if it has appended nothing. A primary key of ours that is there already is
/// the sign of a race, too.
fn refused(session: SessionId, error: DriverError) -> Error {
    match error.code() {
        Some(&SqlState::DIVISION_BY_ZERO) => Error::Stale { session },
        Some(&SqlState::UNIQUE_VIOLATION) => Error::Conflict(error),
        _ => error.into(),
    }
}
