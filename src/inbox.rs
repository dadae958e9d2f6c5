//! A consumer's side of the relay: each event is handled once and in the order of its session, or the
//! consumer is told why not.
//!
//! A broker delivers at least once, and may lose, repeat and swap. An [`Inbox`] is a table in the consumer's
//! own PostgreSQL, which may be any other than the ledger's. The consumer asks it about each event in the
//! transaction that holds the event's effects. So both commit, or neither does.
//!
//! ```no_run
//! use session_ledger::inbox::{CloudEvent, Inbox, InboxError};
//! use session_ledger::ledger::tokio_postgres::{Client, Error};
//!
//! # async fn handle(_: &impl Sized, _: &CloudEvent) -> Result<(), Error> { Ok(()) }
//! # async fn example(client: &mut Client, delivered: &[u8]) -> Result<(), Box<dyn std::error::Error>> {
//! let inbox = Inbox::of_whole_stream("mailer");
//! let event = CloudEvent::from_json(delivered)?;
//! let transaction = client.transaction().await?;
//! if inbox.receive(&transaction, event.place()).await?.is_to_be_handled() {
//!     handle(&transaction, &event).await?;
//! }
//! transaction.commit().await?;
//! // Only now tell the broker that it was received.
//! # Ok(()) }
//! ```
//!
//! `docs/consume.md` in the repository shows two whole consumers, and what to do about each refusal.

mod cloud_event;
mod decision;
mod error;
mod missed;
mod place;

pub use cloud_event::{CloudEvent, CloudEventError};
pub use decision::Receipt;
pub(crate) use decision::{Reached, of_filtered, of_whole};
pub use error::{BrokenChain, InboxError, SessionGap};
pub use place::{Links, Place};

pub use crate::store::inbox::{Forgotten, Inbox};

/// The tables of an inbox, in a schema of their own: add this file to the migrations of the consumer's
/// database, or send it there as it is. Sent again, it changes nothing.
pub const SCHEMA: &str = include_str!("inbox/schema.sql");
