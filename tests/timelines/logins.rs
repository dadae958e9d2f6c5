//! What the model knows of logins and of other proofs: each gives its session a new token.

use crate::deed::Method;
use crate::model::{Cookie, Model, Page, Reply};
use crate::session::{End, Token};

impl Model {
    pub(crate) fn log_in(&mut self, nth: usize, by: Method, is_second: bool) -> Token {
        self.sessions[nth].act_as(None);
        self.prove(nth, by, is_second)
    }

    pub(crate) fn prove(&mut self, nth: usize, by: Method, is_second: bool) -> Token {
        let session = &mut self.sessions[nth];
        session.proved = Some(self.now);
        session.proofs.prove(by, self.now);
        self.replace(nth, is_second)
    }

    /// Gives the session another token.
    pub(crate) fn replace(&mut self, nth: usize, is_second: bool) -> Token {
        let token = self.mint(nth);
        let session = &mut self.sessions[nth];
        session.replace(token, &self.rules, self.now, is_second);
        session.seen = self.now;
        token
    }

    /// Somebody logs in who leaves one session for it, or none.
    pub(crate) fn log_in_anew(
        &mut self,
        user: &str,
        by: Method,
        instead: bool,
        leaving: Option<usize>,
    ) -> Reply {
        let chosen = self.chosen(user, instead, leaving);
        if self.is_crowded(user, leaving, chosen) {
            return Reply { page: Page::Crowded, cookie: Cookie::None };
        }
        if let Some(left) = leaving {
            let end = End { reason: "user_switched", at: self.now, noticed: self.now };
            self.sessions[left].end = Some(end);
        }
        let (nth, token) = self.start();
        let session = &mut self.sessions[nth];
        (session.user, session.proved) = (Some(user.to_owned()), Some(self.now));
        session.proofs.prove(by, self.now);
        self.end_chosen(nth, chosen);
        self.end_oldest(nth);
        self.shown(nth, self.set(nth, token))
    }
}
