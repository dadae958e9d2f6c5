//! What the request's transaction knows of its session, where that is asked for.

use std::sync::Arc;

use super::{Visit, lock};
use crate::ledger::desk::Transaction;
use crate::request::cookie::Cookie;
use crate::request::opened::Opened;
use crate::session::{Mark, Marking};

impl Visit {
    /// Lets a transaction that has begun know the session. Most often it knows already, by its load.
    pub(super) fn mark_from_now_on(&self, transaction: &Arc<Transaction>) {
        if self.shared.provenance {
            *lock(&self.marked) = Arc::downgrade(transaction);
            self.stage().opened().into_iter().for_each(|opened| self.mark(opened));
        }
    }

    /// Lets the transaction know what the handler has made of its session: a login, an end. Whoever calls it
    /// holds the stage, so that the transaction is not finished meanwhile.
    pub(in crate::request) fn mark(&self, opened: &Opened) {
        if self.shared.provenance
            && let Some(transaction) = lock(&self.marked).upgrade()
        {
            transaction.mark(Mark::of(&opened.holding));
        }
    }

    /// What a transaction that begins now is to know.
    pub(super) fn present_mark(&self) -> Option<Mark> {
        let stage = self.stage();
        stage.opened().filter(|_| self.shared.provenance).map(|opened| Mark::of(&opened.holding))
    }

    /// By which token a transaction is to know its session.
    pub(super) fn marking(&self, cookie: &Cookie) -> Marking {
        match cookie {
            _ if !self.shared.provenance => Marking::Off,
            Cookie::Token(shown) => Marking::Token(shown.secret.hash()),
            Cookie::None | Cookie::Rejected | Cookie::Several => Marking::Visitor,
        }
    }
}
