//! What operators do about the events that a sink has refused.

use super::{DeadLetter, Ledger, SubscriptionError};
use crate::session::SessionId;
use crate::store::connection::deadline::answered;
use crate::store::connection::lending::Lent;
use crate::store::log::dead_letters::{Fate, dead_letters, decide};

impl Ledger {
    /// The events that sinks have refused: of a subscription, or of all; the oldest first, at most `limit`.
    ///
    /// # Errors
    ///
    /// There is no subscription of that name, the database is away, or the role may not read them: the roles
    /// of the relay, the auditor and the operator may.
    pub async fn dead_letters(
        &self,
        subscription: Option<&str>,
        limit: u32,
    ) -> Result<Vec<DeadLetter>, SubscriptionError> {
        let reading = async {
            let client = Lent::of(self.client().await?);
            dead_letters(client.client(), subscription, limit).await
        };
        answered(async { Ok(reading.await) }).await?
    }

    /// Has the sessions of a subscription that wait behind a dead letter, or one of them, delivered again:
    /// the dead letter first, then the events behind it. Tells how many sessions these are.
    ///
    /// The holder of the subscription does it with its next batches, so that a session's order holds. What
    /// its sink refuses again is a dead letter again.
    ///
    /// # Errors
    ///
    /// There is no subscription of that name, the database is away, or the role is not granted
    /// `session_ledger_relay`.
    pub async fn replay_dead_letters(
        &self,
        subscription: &str,
        session: Option<SessionId>,
    ) -> Result<i64, SubscriptionError> {
        self.decide(subscription, session, Fate::Replayed).await
    }

    /// Gives up the dead letters of a subscription behind which sessions wait, or one session. The events
    /// behind them are delivered, as [`replay_dead_letters`](Self::replay_dead_letters) has it. What was
    /// given up stays in the list, and is never delivered.
    ///
    /// # Errors
    ///
    /// As [`replay_dead_letters`](Self::replay_dead_letters).
    pub async fn skip_dead_letters(
        &self,
        subscription: &str,
        session: Option<SessionId>,
    ) -> Result<i64, SubscriptionError> {
        self.decide(subscription, session, Fate::Skipped).await
    }

    async fn decide(
        &self,
        subscription: &str,
        session: Option<SessionId>,
        fate: Fate,
    ) -> Result<i64, SubscriptionError> {
        let deciding = async {
            let client = Lent::of(self.client().await?);
            decide(client.client(), subscription, session, fate).await
        };
        answered(async { Ok(deciding.await) }).await?
    }
}
