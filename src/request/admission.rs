//! How the token of a request fares.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use super::Incident;
use super::known::Told;
use super::opened::Opened;
use super::visit::Visit;
use super::vocabulary::USE_AFTER_EXPIRE;
use crate::ledger::Error;
use crate::ledger::desk::{Append, FoundSession, Lookup};
use crate::session::{Admission, ChainHash, DatabaseTime, Event, Reaction, SessionId};
use crate::token::Contents;

impl Visit {
    /// An authentic token meets what was found under its id. `recorded` asks the log for the hash of the
    /// session's events up to a version.
    pub(super) async fn admit(
        &self,
        shown: Contents,
        found: Lookup,
        recorded: impl AsyncFnOnce(i64) -> Result<Option<ChainHash>, Error>,
    ) -> Result<Opened, Error> {
        let was_let_in = self.was_let_in.load(Ordering::Relaxed);
        let (id, witness, now) = (shown.session, shown.witness, found.now);
        let told = Told { at: now, asked: found.asked, answered: found.answered };
        self.tell_use_after_end(id, &found, was_let_in);
        let mut opened = Opened::admitted(&self.shared, shown, found, was_let_in);
        self.learn(&opened, told);
        if self.goes_by().is_some() {
            opened.holding.note_that_token_is_unshown();
        }
        if self.shared.ledger.policy().watches_clients() && opened.meet(&self.arrival.client()) {
            let reaction = Reaction::End;
            self.report(|client| Incident::ClientChanged { session: id, client, reaction });
        }
        self.was_let_in.store(was_let_in || !opened.holding.is_new(), Ordering::Relaxed);

        // Nobody is signed out for good because a clock was wrong, or called a thief because the database has
        // gone back.
        if opened.holding.ends_by_time() {
            self.trust_clock(now)?;
        }
        // On the heap, as it is rare.
        if opened.holding.admission() == Some(&Admission::Replayed)
            && Box::pin(recorded(witness.version())).await?.is_some_and(|hash| !witness.is_of(&hash))
        {
            opened.holding.acquit_of_replay();
        }

        match opened.holding.admission() {
            Some(Admission::Replayed) => {
                self.report(|client| Incident::TokenReplayed { session: id, client });
            }
            Some(Admission::RolledBack) => {
                self.report(|client| Incident::DatabaseRolledBack { session: id, client });
            }
            _ => {}
        }
        Ok(opened)
    }

    /// Tells of changed clients that were recorded: once for each, whichever request did so.
    pub(super) fn tell_client_changes(&self, appends: &[Arc<Append>]) {
        if !self.shared.ledger.policy().watches_clients() {
            return;
        }
        for (session, entry) in appends.iter().flat_map(|append| append.recorded()) {
            if let Ok(Event::ClientChanged(fact)) = entry.event() {
                let reaction = if fact.step_up { Reaction::StepUp } else { Reaction::Note };
                let client = entry.client.clone().unwrap_or_default();
                self.shared.report(&Incident::ClientChanged { session, client, reaction });
            }
        }
    }

    /// Tells the log that a token came whose session has ended. An honest browser does so, too, until it is
    /// told to forget its cookie.
    fn tell_use_after_end(&self, session: SessionId, found: &Lookup, was_let_in: bool) {
        let FoundSession::Gone(Some((reason, _))) = &found.session else { return };
        if was_let_in || !self.is_first() {
            return;
        }
        if let Some(left_out) = self.shared.allowance.take(USE_AFTER_EXPIRE, Instant::now()) {
            let (owasp, left_out) = (USE_AFTER_EXPIRE, (left_out > 0).then_some(left_out));
            tracing::info!(%session, owasp, %reason, left_out, "a token of a session that has ended");
        }
    }

    /// Makes sure that the database's clock has gone on as the process's has.
    fn trust_clock(&self, now: DatabaseTime) -> Result<(), Error> {
        let trusted = self.shared.ledger.trust_clock(now.at);
        if let Err(Error::ClockJumped { by }) = &trusted {
            self.report(|_| Incident::ClockJumped { by: *by });
        }
        trusted
    }
}
