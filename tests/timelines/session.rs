//! A session as the model knows it: the plain rules of one session.

use crate::proofs::Proofs;
use crate::rules::Rules;

/// A secret that a browser may hold, by its number.
pub(crate) type Token = usize;

/// How many superseded tokens a session remembers.
const OLD_MAX: usize = 9;

#[derive(Clone, Debug)]
pub(crate) struct Session {
    pub(crate) user: Option<String>,
    pub(crate) number: u32,
    pub(crate) started: i64,
    pub(crate) proved: Option<i64>,
    /// When it was last used, as far as that was noted.
    pub(crate) seen: i64,
    /// Whom its user acts as.
    pub(crate) acts_as: Option<String>,
    pub(crate) proofs: Proofs,
    /// Limits of its own; it starts with those of the policy.
    own: (Option<i64>, Option<i64>),
    own_renewal: Option<i64>,
    pub(crate) remembered: Option<i64>,
    /// When `remembered` was last changed.
    remembered_at: Option<i64>,
    present: Token,
    /// When the present token was made.
    made: i64,
    /// Whether a browser has shown the present token, and so has got it.
    pub(crate) is_shown: bool,
    pub(crate) offered: Option<(Token, i64)>,
    old: Vec<Old>,
    pub(crate) end: Option<End>,
}

#[derive(Clone, Debug)]
struct Old {
    token: Token,
    until: i64,
    is_let_in: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct End {
    pub(crate) reason: &'static str,
    pub(crate) at: i64,
    /// When somebody noticed.
    pub(crate) noticed: i64,
}

/// What a token is to its live session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    Present,
    /// Shown for the first time.
    Offered,
    /// Superseded, and let in.
    Late,
    /// Superseded, and yet the one that the browser has kept.
    Kept,
    /// Superseded by a proof of identity a moment ago.
    Between,
    /// Superseded by a proof of identity whose answer may have been lost.
    Outdated,
    /// A thief's, or the victim's.
    Replayed,
}

impl Session {
    pub(crate) fn new(token: Token, rules: &Rules, now: i64) -> Self {
        Self {
            user: None,
            number: 0,
            started: now,
            proved: None,
            seen: now,
            acts_as: None,
            proofs: Proofs::default(),
            own: (rules.idle, rules.absolute),
            own_renewal: None,
            remembered: None,
            remembered_at: None,
            present: token,
            made: now,
            is_shown: true,
            offered: None,
            old: Vec::new(),
            end: None,
        }
    }

    /// The limit that is reached first, if one is, and when.
    pub(crate) fn over(&self, rules: &Rules, now: i64) -> Option<(&'static str, i64)> {
        let idle = self.idle(rules).map(|idle| ("idle_timeout", self.seen + idle));
        let absolute = self.absolute_end(rules).map(|end| ("absolute_timeout", end));
        let reached = [idle, absolute].into_iter().flatten().filter(|(_, deadline)| *deadline <= now);
        reached.min_by_key(|(_, deadline)| *deadline)
    }

    fn idle(&self, rules: &Rules) -> Option<i64> {
        self.own.0.or(rules.idle)
    }

    pub(crate) fn absolute(&self, rules: &Rules) -> Option<i64> {
        self.own.1.or(rules.absolute)
    }

    fn absolute_end(&self, rules: &Rules) -> Option<i64> {
        self.absolute(rules).map(|absolute| self.proved.unwrap_or(self.started) + absolute)
    }

    pub(crate) fn standing(&self, token: Token, now: i64) -> Standing {
        if token == self.present {
            return Standing::Present;
        }
        if self.offered.is_some_and(|(offered, _)| offered == token) {
            return Standing::Offered;
        }
        let Some(old) = self.old.iter().find(|old| old.token == token) else { return Standing::Replayed };
        match (old.is_let_in, now < old.until) {
            (true, true) => Standing::Late,
            (false, true) => Standing::Between,
            (_, false) if self.is_shown => Standing::Replayed,
            (true, false) => Standing::Kept,
            (false, false) => Standing::Outdated,
        }
    }

    /// Whether a request that writes nothing prolongs the session.
    pub(crate) fn is_noted(&self, rules: &Rules, now: i64) -> bool {
        let half = self.idle(rules).map_or(i64::MAX, |idle| idle / 2);
        now - self.seen >= rules.delay.min(half)
    }

    /// The user has proved who they are, or may do other things than before: all tokens of before are void,
    /// unless two logins have met.
    pub(crate) fn replace(&mut self, token: Token, rules: &Rules, now: i64, is_second: bool) {
        let untaken = self.offered.take().map(|(offered, _)| offered);
        for token in untaken.into_iter().chain([self.present]) {
            self.supersede(token, rules, now, is_second);
        }
        if !is_second {
            self.old.iter_mut().for_each(|old| old.is_let_in = false);
        }
        (self.present, self.made, self.is_shown) = (token, now, false);
    }

    /// A browser shows the offered token.
    pub(crate) fn take_offer(&mut self, rules: &Rules, now: i64) {
        if let Some((offered, at)) = self.offered.take() {
            self.supersede(self.present, rules, now, true);
            (self.present, self.made, self.is_shown) = (offered, at, true);
        }
    }

    /// A browser shows the old token that it has kept, as nobody has shown the present one.
    pub(crate) fn keep(&mut self, token: Token, rules: &Rules, now: i64) {
        self.supersede(self.present, rules, now, true);
        (self.present, self.is_shown) = (token, false);
    }

    fn supersede(&mut self, token: Token, rules: &Rules, now: i64, is_let_in: bool) {
        self.old.retain(|old| now < old.until);
        self.old.push(Old { token, until: now + rules.grace, is_let_in });
        let surplus = self.old.len().saturating_sub(OLD_MAX);
        self.old.drain(..surplus);
    }

    /// Returns whether that changes anything.
    pub(crate) fn remember(&mut self, span: Option<i64>, rules: &Rules, now: i64) -> bool {
        if (self.remembered, span) == (None, None) {
            return false;
        }
        let most = self.absolute(rules).map_or(i64::MAX, |absolute| absolute - 1);
        let idle = span.map(|span| span.min(most));
        let is_news = (self.remembered, self.own.0) != (span, idle);
        if self.remembered != span {
            self.remembered_at = Some(now);
        }
        (self.remembered, self.own.0) = (span, idle);
        is_news
    }

    /// Returns whether that changes anything.
    pub(crate) fn limit(&mut self, idle: Option<i64>, absolute: Option<i64>) -> bool {
        std::mem::replace(&mut self.own, (idle, absolute)) != (idle, absolute)
    }

    /// Returns whether that changes anything.
    pub(crate) fn renew_every(&mut self, seconds: Option<i64>) -> bool {
        std::mem::replace(&mut self.own_renewal, seconds) != seconds
    }

    /// The user acts as another from now on, or as themselves. What was granted is not for whom they act as.
    pub(crate) fn act_as(&mut self, user: Option<String>) {
        self.acts_as = user;
        self.proofs.void_grants();
    }

    /// Whether the latest token went out with another age than it should have.
    pub(crate) fn is_stale(&self) -> bool {
        let made = self.offered.map_or(self.made, |(_, at)| at);
        self.remembered_at.is_some_and(|changed| changed > made)
    }

    /// Whether a new token is due though nobody has asked for one.
    pub(crate) fn is_renewal_due(&self, rules: &Rules, now: i64) -> bool {
        let is_old = self.own_renewal.or(rules.renewal).is_some_and(|renewal| now - self.made >= renewal);
        let slides = self.remembered.is_some_and(|span| {
            let gain = self.kept_until(span, rules, now) - self.kept_until(span, rules, self.made);
            gain >= (span / 10).max(1)
        });
        is_old || self.is_stale() || slides
    }

    /// The age of a cookie that goes out now.
    pub(crate) fn age(&self, rules: &Rules, now: i64) -> Option<i64> {
        let age = self.kept_until(self.remembered?, rules, now) - now;
        Some(age).filter(|age| *age > 0)
    }

    fn kept_until(&self, span: i64, rules: &Rules, at: i64) -> i64 {
        let until = at + span.min(self.idle(rules).unwrap_or(span));
        self.absolute_end(rules).map_or(until, |end| until.min(end))
    }
}
