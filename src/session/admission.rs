//! Whether a token that names a session opens it.

use time::OffsetDateTime;

use super::state::EARLIER_MAX;
use super::{DatabaseTime, Expiry, SessionState, Superseded, Testimony, Timeouts, TokenHash, Witness};

/// What a browser shows by an authentic token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shown {
    /// The hash of the token's secret.
    pub token_hash: TokenHash,
    /// The state of database and session when the token was minted.
    pub witness: Witness,
}

/// The worth of an authentic token at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Admission {
    /// It is the session's token.
    Admitted,
    /// It was offered in place of the session's token, and the browser shows it for the first time: from now
    /// on it is the session's token.
    Taken,
    /// It was superseded a moment ago and is let in, for the sake of requests under way.
    Latecomer,
    /// It was superseded by the second of two logins that met, whose token no browser has shown since. It is
    /// the one of the two that the browser has kept: from now on it is the session's token.
    Kept,
    /// It was superseded a moment ago by a login: it opens nothing, and that is no crime. An honest browser
    /// is about to get the new token.
    Superseded {
        /// When the login took place.
        since: OffsetDateTime,
    },
    /// It was superseded by a login whose token no browser has shown: it opens nothing, and proves no theft.
    /// The answer to the login may have been lost.
    Outdated,
    /// It was superseded, and a browser has shown its successor since: two parties hold the session's tokens,
    /// and the session must end.
    Replayed,
    /// The session's time is over.
    Expired(Expiry),
    /// It was minted in a state of the session that the database does not know: the database has gone back,
    /// to an older copy or to a standby without the latest commits. Its browser is no thief, and whoever
    /// holds the token that the database knows may be one: the session must end.
    RolledBack,
    /// It was minted before the database's epoch was raised, so the session must end.
    OfEarlierEpoch,
}

impl SessionState {
    /// Judges a token by what it shows, for a session last seen at `last_seen`, under these limits of the
    /// policy. Hashes are compared in constant time.
    #[doc(hidden)]
    pub fn admit(
        &self,
        shown: &Shown,
        policy: Timeouts,
        last_seen: OffsetDateTime,
        now: DatabaseTime,
    ) -> Admission {
        match shown.witness.testify(self, now.epoch) {
            Testimony::Fits => match self.expiry(policy, last_seen, now.at) {
                Some(expiry) => Admission::Expired(expiry),
                None => self.admit_token(&shown.token_hash, last_seen, now.at),
            },
            Testimony::Ahead => Admission::RolledBack,
            Testimony::OfEarlierEpoch => Admission::OfEarlierEpoch,
        }
    }

    fn admit_token(
        &self,
        presented: &TokenHash,
        last_seen: OffsetDateTime,
        now: OffsetDateTime,
    ) -> Admission {
        if self.token_hash.matches(presented) {
            return Admission::Admitted;
        }
        if self.content.offered.is_some_and(|offered| offered.matches(presented)) {
            return Admission::Taken;
        }
        let Some(old) = self.superseded_tokens().find(|old| old.token_hash.matches(presented)) else {
            return self.admit_unknown(now);
        };
        let (is_recent, is_shown) = (now < old.until, self.is_token_shown(last_seen));
        match (old.accepted, is_recent, is_shown) {
            (true, true, _) => Admission::Latecomer,
            (true, false, false) => Admission::Kept,
            (false, true, _) => Admission::Superseded { since: self.content.renewed_at.unwrap_or(now) },
            (false, false, false) => Admission::Outdated,
            (_, false, true) => Admission::Replayed,
        }
    }

    /// A token that the session does not remember is a replay, unless it may have been forgotten a moment ago
    /// for want of room: there is none left, and one of those that it remembers is within its grace.
    fn admit_unknown(&self, now: OffsetDateTime) -> Admission {
        let earlier = &self.content.earlier;
        if earlier.len() >= EARLIER_MAX && earlier.iter().any(|old| now < old.until) {
            return Admission::Superseded { since: self.content.renewed_at.unwrap_or(now) };
        }
        Admission::Replayed
    }

    /// Whether a browser has shown the present token since it took the place of another. A holder of an older
    /// token leaves no trace: a change of the session, or a note of activity, is by the present one.
    pub(crate) fn is_token_shown(&self, last_seen: OffsetDateTime) -> bool {
        self.content.renewed_at.is_none_or(|renewed_at| last_seen > renewed_at)
    }

    /// The superseded tokens that the session remembers, the latest first.
    pub(super) fn superseded_tokens(&self) -> impl Iterator<Item = &Superseded> {
        self.superseded.iter().chain(self.content.earlier.iter().rev())
    }
}
