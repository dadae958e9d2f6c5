//! Letting a request's transaction know its session.

use std::sync::{Mutex, MutexGuard, PoisonError};

use deadpool_postgres::ClientWrapper;
use futures_util::FutureExt;
use tokio_postgres::Error as DriverError;
use tokio_postgres::types::Type;

use crate::session::{Mark, UserId};
use crate::store::connection::pool::Connection;
use crate::store::connection::statement::{Ready, Sql};

static MARK: Sql = Sql::new(include_str!("../sql/mark.sql"), &[Type::TEXT, Type::TEXT, Type::TEXT]);

/// Tells a transaction of its session, as often as that changes.
pub(super) struct Marker {
    statement: Ready,
    /// What the transaction was told last; none before anything was said.
    last: Mutex<Option<Mark>>,
}

impl Marker {
    /// Makes ready to tell. It must be done before the transaction begins.
    pub(super) async fn ready(connection: &Connection) -> Result<Self, DriverError> {
        Ok(Self { statement: MARK.ready(connection).await?, last: Mutex::default() })
    }

    /// Notes what the transaction was told with its load.
    pub(super) fn was_told(&self, mark: Mark) {
        *self.last() = Some(mark);
    }

    /// Tells the transaction of its session, unless it knows. The statement goes ahead of all that are sent
    /// afterwards, and its answer says nothing: it fails only where the transaction has failed already.
    pub(super) fn tell(&self, client: &ClientWrapper, mark: Mark) {
        let mut last = self.last();
        if last.as_ref() != Some(&mark) {
            self.send(client, &mark);
            *last = Some(mark);
        }
    }

    /// Tells it once more: going back to a savepoint has undone what was said since.
    pub(super) fn tell_again(&self, client: &ClientWrapper) {
        if let Some(mark) = &*self.last() {
            self.send(client, mark);
        }
    }

    fn send(&self, client: &ClientWrapper, mark: &Mark) {
        let session = mark.session.map(|session| session.to_string()).unwrap_or_default();
        let name = |user: &Option<UserId>| user.as_ref().map_or_else(String::new, |user| user.to_string());
        let (user, actor) = (name(&mark.user), name(&mark.actor));
        // The first poll hands it to the connection.
        let sent = Box::pin(async { self.statement.query(client, &[&session, &user, &actor]).await });
        drop(sent.now_or_never());
    }

    /// No panic leaves it half changed.
    fn last(&self) -> MutexGuard<'_, Option<Mark>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
