//! Which of a session's cookie tokens the forms of its pages are bound to.

use super::Holding;
use crate::session::TokenHash;

impl Holding {
    /// The hash of the token that the browser will hold once it has the answer to this request. None for a
    /// session that is yet to be stored: its first token is made after the handler has returned.
    pub fn form_hash(&self) -> Option<TokenHash> {
        let state = self.state();
        let kept = self.kept_token.filter(|_| !self.has_minted);
        (!self.is_new()).then(|| state.content.offered.or(kept).unwrap_or(state.token_hash))
    }

    /// The hashes of all tokens whose forms are taken: the present one, one on offer, and those that were
    /// superseded a moment ago, as long as they still open the session. The forms of the token before the
    /// present one are taken whenever they come: a renewal must not void a form that somebody is filling in.
    /// None of before a login is (ASVS 7.2.4).
    pub fn form_hashes(&self) -> Vec<TokenHash> {
        if self.is_new() {
            return Vec::new();
        }
        let (state, now) = (self.state(), self.now.at());
        let earlier = state.content.earlier.iter().filter(|old| now < old.until);
        let late =
            state.superseded.iter().chain(earlier).filter(|old| old.accepted).map(|old| old.token_hash);
        [state.token_hash]
            .into_iter()
            .chain(state.content.offered)
            .chain(self.kept_token)
            .chain(late)
            .collect()
    }
}
