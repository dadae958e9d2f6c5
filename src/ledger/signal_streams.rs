//! The streams that receivers of Shared Signals make themselves.

use serde_json::Value;

use super::{Error, Ledger, SignalStream};
use crate::store::connection::lending::Lent;
use crate::store::connection::watched::watched;
use crate::store::signal_streams;

impl Ledger {
    /// Makes a subscription for a receiver of Shared Signals, at the end of the log, that is delivered events
    /// of these `kinds`, with what was agreed on. Says whether it was made: not if the name is taken, or the
    /// receiver has `most` streams already. Several that are made at once may be more.
    ///
    /// # Errors
    ///
    /// The database is away, or the role is not granted `session_ledger_relay`.
    pub async fn create_signal_stream(
        &self,
        name: &str,
        receiver: &str,
        document: &Value,
        kinds: &[String],
        most: u32,
    ) -> Result<bool, Error> {
        let client = Lent::of(self.client().await?);
        // To count the log takes its time.
        let of = (name, receiver);
        watched(self.pool(), signal_streams::create(client.client(), of, document, kinds, most)).await
    }

    /// At most `limit` streams of a receiver, or of all, by their names.
    ///
    /// # Errors
    ///
    /// The database is away, or the role may not read them: those of the relay, the auditor and the operator
    /// may.
    pub async fn signal_streams(
        &self,
        receiver: Option<&str>,
        limit: u32,
    ) -> Result<Vec<SignalStream>, Error> {
        self.lend(async |connection| signal_streams::list(connection, receiver, limit).await).await
    }

    /// A stream of a receiver. None if there is none of that name, or it is another receiver's.
    ///
    /// # Errors
    ///
    /// As [`signal_streams`](Self::signal_streams).
    pub async fn signal_stream(&self, name: &str, receiver: &str) -> Result<Option<SignalStream>, Error> {
        self.lend(async |connection| signal_streams::get(connection, name, receiver).await).await
    }

    /// Whether a stream may be told something by now, for those who wait: without it there is no need to open
    /// its subscription.
    ///
    /// # Errors
    ///
    /// As [`signal_streams`](Self::signal_streams).
    pub async fn signal_stream_has_news(&self, name: &str) -> Result<bool, Error> {
        self.lend(async |connection| signal_streams::has_news(connection, name).await).await
    }

    /// Changes the document of a stream, and which kinds of events it is delivered. Says whether it was
    /// changed: not if it is gone, or another change came in between, which its revision tells.
    ///
    /// # Errors
    ///
    /// The database is away, or the role is not granted `session_ledger_relay`.
    pub async fn change_signal_stream(&self, stream: &SignalStream, kinds: &[String]) -> Result<bool, Error> {
        self.lend(async |connection| signal_streams::change(connection, stream, kinds).await).await
    }

    /// Drops a receiver's stream with its place in the log. Whoever holds its subscription loses it. Says
    /// whether there was one.
    ///
    /// # Errors
    ///
    /// The database is away, or the role is not granted `session_ledger_relay`.
    pub async fn drop_signal_stream(&self, name: &str, receiver: &str) -> Result<bool, Error> {
        self.lend(async |connection| signal_streams::remove(connection, name, receiver).await).await
    }
}
