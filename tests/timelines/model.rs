//! The model: what each request does and is answered, by the rules of `session`.

use std::collections::BTreeMap;

use crate::deed::Deed;
use crate::rules::Rules;
use crate::session::{End, Session, Standing, Token};

/// What a request is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) page: Page,
    pub(crate) cookie: Cookie,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Page {
    /// The session, its user and number.
    Shown(Option<usize>, Option<String>, u32),
    NotSignedIn,
    ProveAgain,
    SendAgain,
    LoadAgain,
    /// The user is signed in too many times.
    Crowded,
    /// Nothing of the kind was granted.
    Confirm,
    /// The application asks for what cannot be.
    Wrong,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cookie {
    None,
    Removed,
    Set { token: Token, age: Option<i64> },
}

pub(crate) struct Model {
    pub(crate) rules: Rules,
    pub(crate) now: i64,
    pub(crate) sessions: Vec<Session>,
    /// The session of each token.
    tokens: Vec<usize>,
    /// When a process has sent the offered token of a session again.
    tries: BTreeMap<(usize, usize), i64>,
}

/// A request that arrives at a process.
#[derive(Clone, Copy)]
pub(crate) struct Request<'a> {
    pub(crate) token: Option<Token>,
    pub(crate) deed: &'a Deed,
    pub(crate) process: usize,
}

/// Where a request without a session comes from.
struct Outside {
    may_start: bool,
    /// Whether the browser is told to forget its cookie.
    forgets: bool,
}

/// Who has come.
enum Arrived {
    Holder(usize, Standing),
    Between(usize),
    Outside(Outside),
}

/// What a request has done to its session.
#[derive(Default)]
struct Granted {
    is_changed: bool,
    /// Whether it asks for a new token.
    asks: bool,
    /// The token that it has got.
    minted: Option<Token>,
}

impl Model {
    pub(crate) fn new(rules: Rules) -> Self {
        Self { rules, now: 0, sessions: Vec::new(), tokens: Vec::new(), tries: BTreeMap::new() }
    }

    /// The session that a token opens or once opened.
    pub(crate) fn session_of(&self, token: Token) -> usize {
        self.tokens[token]
    }

    /// Whether somebody is signed in to this session, as far as is known.
    pub(crate) fn is_signed_in(&self, session: usize) -> bool {
        let session = &self.sessions[session];
        session.user.is_some() && session.end.is_none()
    }

    /// A request arrives.
    pub(crate) fn arrive(&mut self, request: Request<'_>) -> Reply {
        match (self.admit(request.token), request.deed) {
            (Arrived::Holder(session, standing), _) => self.hold(session, standing, request),
            (Arrived::Between(session), Deed::LogIn { user, by, instead }) => {
                if self.sessions[session].user.as_ref() != Some(user) {
                    return self.log_in_anew(user, *by, *instead, None);
                }
                let chosen = self.chosen(user, *instead, None);
                let token = self.log_in(session, *by, true);
                self.end_chosen(session, chosen);
                self.shown(session, self.set(session, token))
            }
            (Arrived::Between(_), _) => Reply { page: Page::SendAgain, cookie: Cookie::None },
            (Arrived::Outside(outside), deed) => self.visit(&outside, deed),
        }
    }

    fn admit(&mut self, token: Option<Token>) -> Arrived {
        let Some(token) = token else {
            return Arrived::Outside(Outside { may_start: true, forgets: false });
        };
        let (now, grace) = (self.now, self.rules.grace);
        let after = |ended: i64| {
            let is_long_gone = now - ended > grace;
            Arrived::Outside(Outside { may_start: is_long_gone, forgets: is_long_gone })
        };
        let nth = self.tokens[token];
        let session = &mut self.sessions[nth];
        if let Some(end) = &session.end {
            return after(end.noticed);
        }
        if let Some((reason, at)) = session.over(&self.rules, now) {
            session.end = Some(End { reason, at, noticed: now });
            return after(at);
        }
        match session.standing(token, now) {
            Standing::Between => Arrived::Between(nth),
            Standing::Outdated => Arrived::Outside(Outside { may_start: false, forgets: false }),
            Standing::Replayed => {
                session.end = Some(End { reason: "token_replayed", at: now, noticed: now });
                Arrived::Outside(Outside { may_start: false, forgets: false })
            }
            standing => Arrived::Holder(nth, standing),
        }
    }

    /// A request of somebody without a session.
    fn visit(&mut self, outside: &Outside, deed: &Deed) -> Reply {
        let cookie = if outside.forgets { Cookie::Removed } else { Cookie::None };
        let refused = |page| Reply { page, cookie: Cookie::None };
        let rules = self.rules.clone();
        match deed {
            Deed::LogIn { user, by, instead } => return self.log_in_anew(user, *by, *instead, None),
            Deed::TakeGrant => return refused(Page::Confirm),
            Deed::Add | Deed::Remember(_) => {}
            Deed::Limit(idle, absolute) if (*idle, *absolute) != (rules.idle, rules.absolute) => {}
            Deed::RenewalEvery(Some(_)) => {}
            Deed::Show
            | Deed::Forget
            | Deed::Renew
            | Deed::LogOut
            | Deed::Limit(..)
            | Deed::RenewalEvery(None) => return Reply { page: Page::Shown(None, None, 0), cookie },
            _ => return refused(Page::NotSignedIn),
        }
        if !outside.may_start {
            return refused(Page::LoadAgain);
        }
        let (session, token) = self.start();
        let (now, started) = (self.now, &mut self.sessions[session]);
        match deed {
            Deed::Remember(span) => _ = started.remember(Some(*span), &rules, now),
            Deed::Limit(idle, absolute) => _ = started.limit(*idle, *absolute),
            Deed::RenewalEvery(seconds) => _ = started.renew_every(*seconds),
            _ => started.number = 1,
        }
        self.shown(session, self.set(session, token))
    }

    /// A request of somebody who holds a session.
    fn hold(&mut self, nth: usize, standing: Standing, request: Request<'_>) -> Reply {
        if let Deed::LogIn { user, instead, .. } = request.deed
            && self.is_crowded(user, Some(nth), self.chosen(user, *instead, Some(nth)))
        {
            return Reply { page: Page::Crowded, cookie: Cookie::None };
        }
        let (rules, now) = (self.rules.clone(), self.now);
        if let (Standing::Kept, Some(token)) = (standing, request.token) {
            self.sessions[nth].keep(token, &rules, now);
        }
        let is_first_sight = !self.sessions[nth].is_shown;
        self.sessions[nth].is_shown |= standing == Standing::Present;
        let refused = self.refusal(nth, request.deed);
        let granted =
            if refused.is_some() { Ok(Granted::default()) } else { self.grant(nth, standing, request.deed) };
        let Granted { mut is_changed, asks, mut minted } = match granted {
            Ok(granted) => granted,
            Err(left) => return left,
        };
        is_changed |= standing == Standing::Kept;
        let session = &mut self.sessions[nth];
        if standing == Standing::Offered && minted.is_none() {
            session.take_offer(&rules, now);
            is_changed = true;
        }
        if let Some(page) = refused {
            self.settle(nth, standing, is_changed, is_first_sight);
            return Reply { page, cookie: Cookie::None };
        }
        let was_offered = session.offered.is_some();
        let is_due = standing == Standing::Present && session.is_renewal_due(&rules, now);
        let may_offer = standing != Standing::Late && !was_offered && minted.is_none();
        if may_offer && (asks || is_due) {
            let token = self.mint(nth);
            self.sessions[nth].offered = Some((token, now));
            minted = Some(token);
        }
        self.settle(nth, standing, is_changed || minted.is_some(), is_first_sight);
        let is_sent_again = standing == Standing::Present && was_offered && minted.is_none();
        if is_sent_again && (asks || self.is_time_to_try(nth, request.process)) {
            minted = self.sessions[nth].offered.map(|(offered, _)| offered);
        }
        let cookie = minted.map_or(Cookie::None, |token| self.set(nth, token));
        self.shown(nth, cookie)
    }

    /// Whether a process sends an offered token again that nobody has asked for.
    fn is_time_to_try(&mut self, nth: usize, process: usize) -> bool {
        let (every, now) = (self.rules.try_every, self.now);
        let Some((_, offered_at)) = self.sessions[nth].offered.filter(|_| every > 0) else { return true };
        let last = self.tries.get(&(process, nth));
        let is_time = now - offered_at >= every && last.is_none_or(|last| now - last >= every);
        if is_time {
            self.tries.insert((process, nth), now);
        }
        is_time
    }

    fn refusal(&self, nth: usize, deed: &Deed) -> Option<Page> {
        let session = &self.sessions[nth];
        let is_older = |at: i64, seconds: i64| self.now - at > seconds;
        match (deed, session.proved) {
            (Deed::TakeGrant, _) => (!session.proofs.is_granted(self.now)).then_some(Page::Confirm),
            (Deed::Remember(span), _) => {
                let is_longer = session.absolute(&self.rules).is_some_and(|absolute| *span > absolute);
                is_longer.then_some(Page::Wrong)
            }
            (
                Deed::Show
                | Deed::Add
                | Deed::LogIn { .. }
                | Deed::Forget
                | Deed::Renew
                | Deed::Limit(..)
                | Deed::RenewalEvery(_)
                | Deed::LogOut,
                _,
            ) => None,
            (_, None) => Some(Page::NotSignedIn),
            (Deed::Recent(seconds), Some(proved)) => is_older(proved, *seconds).then_some(Page::ProveAgain),
            (Deed::RecentBy(method, seconds), _) => {
                let proved = session.proofs.proved_at(*method);
                proved.is_none_or(|at| is_older(at, *seconds)).then_some(Page::ProveAgain)
            }
            (Deed::Strong, _) => (session.proofs.level < 2).then_some(Page::ProveAgain),
            _ => None,
        }
    }

    /// Does what the request wants. If it leaves its session by that, the answer is returned as an error.
    fn grant(&mut self, nth: usize, standing: Standing, deed: &Deed) -> Result<Granted, Reply> {
        let (rules, now) = (self.rules.clone(), self.now);
        let session = &mut self.sessions[nth];
        let mut granted = Granted::default();
        match deed {
            Deed::Show | Deed::Me | Deed::Recent(_) | Deed::RecentBy(..) | Deed::Strong => {}
            Deed::Add => {
                session.number += 1;
                granted.is_changed = true;
            }
            Deed::Prove(by) => granted.minted = Some(self.prove(nth, *by, false)),
            Deed::LogIn { user, by, instead } => {
                if session.user.as_ref().is_some_and(|present| present != user) {
                    return Err(self.log_in_anew(user, *by, *instead, Some(nth)));
                }
                let chosen = self.chosen(user, *instead, Some(nth));
                let gains_user = self.sessions[nth].user.replace(user.clone()).is_none();
                granted.minted = Some(self.log_in(nth, *by, false));
                self.end_chosen(nth, chosen);
                if gains_user {
                    self.end_oldest(nth);
                }
            }
            Deed::Remember(_) | Deed::Forget => {
                let span = if let Deed::Remember(span) = deed { Some(*span) } else { None };
                granted.is_changed = session.remember(span, &rules, now);
                granted.asks = session.is_stale();
            }
            Deed::Renew => granted.asks = true,
            Deed::Limit(idle, absolute) => granted.is_changed = session.limit(*idle, *absolute),
            Deed::RenewalEvery(seconds) => granted.is_changed = session.renew_every(*seconds),
            Deed::Grant(seconds) => {
                // What the holder of an old token does has the time of what was before.
                let is_late = standing == Standing::Late && !session.is_shown;
                session.proofs.grant(*seconds, if is_late { session.seen } else { now });
                granted.is_changed = true;
            }
            Deed::TakeGrant => {
                session.proofs.void_grants();
                granted.is_changed = true;
            }
            Deed::ChangeFactor(factor, ends_others) => {
                session.proofs.forget(*factor);
                granted.minted = Some(self.replace(nth, false));
                if *ends_others {
                    self.end_others(nth);
                }
            }
            Deed::ActAs(user) => {
                session.act_as(Some(user.clone()));
                granted.minted = Some(self.replace(nth, false));
            }
            Deed::ActAsSelf if session.acts_as.is_none() => {}
            Deed::ActAsSelf => {
                session.act_as(None);
                granted.minted = Some(self.replace(nth, false));
            }
            Deed::LogOut => {
                session.end = Some(End { reason: "logged_out", at: now, noticed: now });
                return Err(Reply { page: Page::Shown(None, None, 0), cookie: Cookie::Removed });
            }
        }
        Ok(granted)
    }

    /// Notes when the session was seen.
    fn settle(&mut self, nth: usize, standing: Standing, is_changed: bool, is_first_sight: bool) {
        let (now, session) = (self.now, &mut self.sessions[nth]);
        let is_noted = is_first_sight || session.is_noted(&self.rules, now);
        let is_used = match standing {
            // No sign that anybody has the present token.
            Standing::Late => is_changed && session.is_shown,
            _ => is_changed || is_noted,
        };
        if is_used {
            session.seen = now;
        }
    }

    pub(crate) fn start(&mut self) -> (usize, Token) {
        let nth = self.sessions.len();
        let token = self.mint(nth);
        self.sessions.push(Session::new(token, &self.rules, self.now));
        (nth, token)
    }

    pub(crate) fn mint(&mut self, session: usize) -> Token {
        self.tokens.push(session);
        self.tokens.len() - 1
    }

    pub(crate) fn set(&self, session: usize, token: Token) -> Cookie {
        Cookie::Set { token, age: self.sessions[session].age(&self.rules, self.now) }
    }

    pub(crate) fn shown(&self, nth: usize, cookie: Cookie) -> Reply {
        let session = &self.sessions[nth];
        let user = session.acts_as.as_ref().or(session.user.as_ref());
        Reply { page: Page::Shown(Some(nth), user.cloned(), session.number), cookie }
    }
}
