//! Tables of applications that are derived from the log, as ours are.

pub(crate) mod applying;
pub(crate) mod inline;
pub(crate) mod parking;
pub(crate) mod place;
pub(crate) mod ready;
pub(crate) mod staging;
mod statement;

use std::error::Error;

use crate::session::{Entry, Event, SessionId};

pub use statement::{Statement, Value};

/// Tables that an application derives from the log.
///
/// A projection says what an event makes of its tables, and nothing more. It reads nothing but the event, so
/// the same events always make the same rows: that is what [`Ledger::verify_projection`] compares and
/// [`Ledger::rebuild_projection`] makes anew. When it is called is decided elsewhere:
///
/// | | written in the transaction that | behind the log | for |
/// |---|---|---|---|
/// | [`Builder::inline`] | appends the event, in the same trip | never | rows of one session or user |
/// | [`Ledger::follow`] | moves the subscription's checkpoint | a moment | rows that all share |
///
/// An inline projection that fails makes the request fail. A followed one is tried again, and then the event
/// is parked.
///
/// # The statements
///
/// - They name their tables **without a schema**: the tables' schema is on the role's `search_path`. While a
///   projection is derived anew, they write to temporary tables of the same names.
/// - They read no other table, and no clock: [`Fact`] has the time of the event.
/// - The events of a session always come in their order. Those of different sessions may come in another one
///   when they are told again, so what a row takes from several sessions is the same in any order: a sum, or
///   the latest.
/// - They write other tables only if the fact is not [replayed](Fact::is_replayed): a queue of mails, say.
///   What they write there commits with the checkpoint, so it happens once.
/// - They are right at READ COMMITTED and at SERIALIZABLE: whichever transaction appends.
///
/// [`Ledger::verify_projection`]: crate::Ledger::verify_projection
/// [`Ledger::rebuild_projection`]: crate::Ledger::rebuild_projection
/// [`Ledger::follow`]: crate::Ledger::follow
/// [`Builder::inline`]: crate::ledger::Builder::inline
pub trait Projection: Send + Sync + 'static {
    /// Its name. It is also that of the subscription of one that follows the feed.
    fn name(&self) -> &'static str;

    /// The tables that it derives.
    fn tables(&self) -> &'static [DerivedTable];

    /// What an event makes of them: statements that run in this order.
    ///
    /// # Errors
    ///
    /// The event is none that it can handle.
    fn project(&self, fact: &Fact<'_>) -> Result<Vec<Statement>, Box<dyn Error + Send + Sync>>;
}

/// A table that a [`Projection`] derives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DerivedTable {
    /// Its name, without a schema.
    pub name: &'static str,
    /// The columns of its key. None of them is null.
    pub key: &'static [&'static str],
}

/// An event, as a [`Projection`] sees it: what is known of it before it is written, and ever after.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Fact<'a> {
    /// The session.
    pub session: SessionId,
    /// The event as the log holds it. It names its client only where that matters or is news.
    pub entry: &'a Entry,
    /// What has happened.
    pub event: &'a Event,
    /// Whether the event happened before the projection was first followed, or is told again to derive its
    /// tables anew. Then nothing but these tables may be written.
    pub is_replayed: bool,
}
