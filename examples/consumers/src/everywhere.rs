//! "End every session of this user everywhere": follows the ledger of one application, and ends a user's
//! sessions in that of another.
//!
//! A user's sessions end elsewhere when a factor is changed in a way that ends their others, or when the
//! application notes that they sign out [everywhere](SIGNED_OUT_EVERYWHERE).
//!
//! An end is no part of the inbox's transaction: it comes first, and if the row of the inbox is lost, it
//! comes again. So it ends only what was signed in before the event: a second time there is nothing left to
//! end, and a login that came after the event stays. It goes by the clocks of both databases.

use futures_util::TryStreamExt;
use session_ledger::inbox::{Inbox, InboxError, Place, SCHEMA};
use session_ledger::ledger::{End, FeedError, Subscription};
use session_ledger::session::{EndReason, Event, Recorded, UserId};
use session_ledger::{Ledger, Note};
use time::OffsetDateTime;
use tokio_postgres::Client;

/// An application notes this in a session when its user wants to be signed out of all applications. The fact
/// is the user's reason.
pub const SIGNED_OUT_EVERYWHERE: Note<String> = Note::new("signed_out_everywhere");

/// About how many events are read at once.
const BATCH: u32 = 100;

/// Ends users' sessions in one ledger because of what another tells.
#[derive(Debug)]
pub struct Ender {
    inbox: Inbox,
    /// The name of the log that is followed.
    from: String,
    to: Ledger,
    database: Client,
}

/// Sessions could not be ended, or the log not be followed: it is to be done again.
#[derive(Debug, thiserror::Error)]
pub enum EverywhereError {
    /// The inbox does not take an event, or its database is away.
    #[error(transparent)]
    Inbox(#[from] InboxError),
    /// Sessions could not be ended.
    #[error(transparent)]
    Ledger(#[from] session_ledger::Error),
    /// The log cannot be followed.
    #[error(transparent)]
    Feed(#[from] FeedError),
    /// The database of the inbox is away or refuses.
    #[error("the database of the inbox refused a statement: {0}")]
    Database(#[from] tokio_postgres::Error),
}

impl Ender {
    /// Ends sessions in `to`. The inbox stands in `database`, which may be that of `to`; `from` is a name of
    /// the log that is followed.
    ///
    /// # Errors
    ///
    /// The database is away, or the tables cannot be made.
    pub async fn open(from: &str, to: Ledger, database: Client) -> Result<Self, tokio_postgres::Error> {
        database.batch_execute(SCHEMA).await?;
        // Only some of the events come to the inbox.
        Ok(Self { inbox: Inbox::of_filtered_stream("end everywhere"), from: from.to_owned(), to, database })
    }

    /// Handles the next events of the log. Says how many sessions were ended, and whether there is more to
    /// follow.
    ///
    /// # Errors
    ///
    /// The events are not handled, and come again.
    pub async fn follow(&mut self, from: &mut Subscription) -> Result<(usize, bool), EverywhereError> {
        let batch = from.next_batch(BATCH).await?;
        let mut ended = 0;
        for recorded in &batch.events {
            ended += self.handle(recorded).await?;
        }
        let has_more = !batch.is_up_to_date();
        from.checkpoint(batch).await?;
        Ok((ended, has_more))
    }

    /// Ends what an event tells to end, and says how many sessions that were.
    ///
    /// # Errors
    ///
    /// The event is not handled.
    pub async fn handle(&mut self, recorded: &Recorded) -> Result<usize, EverywhereError> {
        let Some(user) = signs_out_everywhere(recorded) else { return Ok(0) };
        let transaction = self.database.transaction().await?;
        let place = Place::of_recorded(recorded, &self.from, None);
        let receipt = self.inbox.receive(&transaction, &place).await?;
        let ended = if receipt.is_to_be_handled() {
            end_before(&self.to, user, recorded.entry.occurred_at).await?
        } else {
            0
        };
        transaction.commit().await?;
        Ok(ended)
    }
}

/// Ends the sessions that a user had signed in to before a moment.
async fn end_before(
    ledger: &Ledger,
    user: &UserId,
    moment: OffsetDateTime,
) -> Result<usize, session_ledger::Error> {
    let sessions: Vec<_> = ledger.sessions_stream(user).try_collect().await?;
    let mut ended = 0;
    for session in sessions {
        let signed_in_before = session.authenticated_at.is_some_and(|at| at <= moment);
        if session.ended.is_none() && signed_in_before {
            let end = End::because(EndReason::Revoked).of(user.clone());
            ended += usize::from(ledger.end(session.id, end).await?);
        }
    }
    Ok(ended)
}

/// The user whose sessions are to end everywhere, if an event says so.
fn signs_out_everywhere(recorded: &Recorded) -> Option<&UserId> {
    let is_sign = match recorded.entry.event() {
        Ok(Event::FactorChanged(changed)) => changed.ends_others,
        Ok(Event::Noted(noted)) => noted.name == SIGNED_OUT_EVERYWHERE.name(),
        _ => false,
    };
    recorded.entry.user.as_ref().filter(|_| is_sign)
}
