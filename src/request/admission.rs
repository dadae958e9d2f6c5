//! How the token of a request fares.

use std::sync::atomic::Ordering;

use super::Incident;
use super::opened::Opened;
use super::visit::Visit;
use crate::ledger::Error;
use crate::ledger::desk::Lookup;
use crate::session::{Admission, ChainHash, DatabaseTime};
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
        let mut opened = Opened::admitted(&self.shared, shown, found, was_let_in);
        self.was_let_in.store(was_let_in || !opened.holding.is_new(), Ordering::Relaxed);

        // Nobody is signed out for good because a clock was wrong, or called a thief because the database has
        // gone back.
        if opened.holding.ends_by_time() {
            self.trust_clock(now)?;
        }
        if opened.holding.admission() == Some(&Admission::Replayed)
            && recorded(witness.version()).await?.is_some_and(|hash| !witness.is_of(&hash))
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

    /// Makes sure that the database's clock has gone on as the process's has.
    fn trust_clock(&self, now: DatabaseTime) -> Result<(), Error> {
        let trusted = self.shared.ledger.trust_clock(now.at);
        if let Err(Error::ClockJumped { by }) = &trusted {
            self.report(|_| Incident::ClockJumped { by: *by });
        }
        trusted
    }
}
