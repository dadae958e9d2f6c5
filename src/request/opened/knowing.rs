//! Sessions that are opened without a load, as the process knows them.

use std::time::Duration;

use super::Opened;
use crate::request::known::Memory;
use crate::request::shared::{Shared, fresh_id};
use crate::session::{Client, Holding, KnownSession, Shown};
use crate::token::Contents;

impl Opened {
    /// The holder of an authentic token for a session that the process knows. It must be loaded where clients
    /// are `watched` and this one is new to it, or where [`Holding::of_known`] says so.
    pub(in crate::request) fn known(
        shared: &Shared,
        shown: Contents,
        memory: &Memory,
        watched: Option<&Client>,
        now: Duration,
    ) -> Result<Self, Contents> {
        let token = Shown { token_hash: shown.secret.hash(), witness: shown.witness };
        let elapsed = memory.told.elapsed(now);
        match Holding::of_known(shared.policy(), &memory.session, &token, elapsed) {
            Some(holding) if watched.is_none_or(|client| knows(&holding, client)) => {
                Ok(Self { held: Some(shown.secret), ..Self::of(holding) })
            }
            _ => Err(shown),
        }
    }

    /// The session as it was loaded, for the process to know, if it may. What only the row keeps it does not.
    pub(in crate::request) fn to_know(&self) -> Option<KnownSession> {
        let is_whole = self.damage.is_none() && self.resend.is_none() && self.also.is_empty();
        self.holding.to_know().filter(|_| is_whole)
    }
}

/// Whether the client is none that the session would have to be told of.
fn knows(holding: &Holding, client: &Client) -> bool {
    let mut meeting = holding.clone();
    !meeting.meet(client, fresh_id) && !meeting.leaves_work()
}
