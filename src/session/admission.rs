//! Whether a token that names a session opens it.

use time::OffsetDateTime;

use super::{Expiry, SessionState, TokenHash};

/// The worth of an authentic token at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Admission {
    /// It is the session's token.
    Admitted,
    /// It was superseded a moment ago, and is let in for the sake of requests under way. The browser may not
    /// have the new one yet.
    Latecomer,
    /// It was superseded a moment ago by a login: it opens nothing, and that is no crime.
    Superseded,
    /// It was superseded long ago, so that two parties hold the session's tokens: the session must end.
    Replayed,
    /// The session's time is over.
    Expired(Expiry),
}

impl SessionState {
    /// Judges a token by the hash of its secret, for a session last seen at `last_seen`. Hashes are compared
    /// in constant time.
    #[doc(hidden)]
    pub fn admit(&self, presented: &TokenHash, last_seen: OffsetDateTime, now: OffsetDateTime) -> Admission {
        if let Some(expiry) = self.expiry(last_seen, now) {
            return Admission::Expired(expiry);
        }
        let current = self.token_hash.matches(presented);
        let recent = self.superseded.filter(|old| old.token_hash.matches(presented) && now < old.until);
        match recent {
            _ if current => Admission::Admitted,
            Some(old) if old.accepted => Admission::Latecomer,
            Some(_) => Admission::Superseded,
            None => Admission::Replayed,
        }
    }
}
