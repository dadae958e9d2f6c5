//! The model: what each request does and is answered, by the rules of `session`.

use crate::rules::Rules;
use crate::session::{End, Session, Standing, Token};

/// What a request wants.
#[derive(Clone, Debug)]
pub(crate) enum Deed {
    Show,
    Me,
    Add,
    LogIn(String),
    Prove,
    Recent(i64),
    Remember(i64),
    Forget,
    LogOut,
}

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
        Self { rules, now: 0, sessions: Vec::new(), tokens: Vec::new() }
    }

    /// The session that a token opens or once opened.
    pub(crate) fn session_of(&self, token: Token) -> usize {
        self.tokens[token]
    }

    /// A request arrives.
    pub(crate) fn arrive(&mut self, token: Option<Token>, deed: &Deed) -> Reply {
        match (self.admit(token), deed) {
            (Arrived::Holder(session, standing), deed) => self.hold(session, standing, deed),
            (Arrived::Between(session), Deed::LogIn(user)) => {
                if self.sessions[session].user.as_ref() == Some(user) {
                    let token = self.prove(session, true);
                    return self.shown(session, self.set(session, token));
                }
                self.log_in_anew(user)
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
            standing => {
                if standing == Standing::Kept {
                    session.keep(token, &self.rules, now);
                }
                Arrived::Holder(nth, standing)
            }
        }
    }

    /// A request of somebody without a session.
    fn visit(&mut self, outside: &Outside, deed: &Deed) -> Reply {
        let cookie = if outside.forgets { Cookie::Removed } else { Cookie::None };
        match deed {
            Deed::Show | Deed::Forget | Deed::LogOut => Reply { page: Page::Shown(None, None, 0), cookie },
            Deed::Me | Deed::Prove | Deed::Recent(_) => {
                Reply { page: Page::NotSignedIn, cookie: Cookie::None }
            }
            Deed::LogIn(user) => self.log_in_anew(user),
            Deed::Add | Deed::Remember(_) if !outside.may_start => {
                Reply { page: Page::LoadAgain, cookie: Cookie::None }
            }
            Deed::Add | Deed::Remember(_) => {
                let (rules, now) = (self.rules.clone(), self.now);
                let (session, token) = self.start();
                let started = &mut self.sessions[session];
                if let Deed::Remember(span) = deed {
                    started.remember(Some(*span), &rules, now);
                } else {
                    started.number = 1;
                }
                self.shown(session, self.set(session, token))
            }
        }
    }

    /// A request of somebody who holds a session.
    fn hold(&mut self, nth: usize, standing: Standing, deed: &Deed) -> Reply {
        let (rules, now) = (self.rules.clone(), self.now);
        let is_first_sight = !self.sessions[nth].is_shown;
        self.sessions[nth].is_shown |= standing == Standing::Present;
        let refused = self.refusal(nth, deed);
        let granted = if refused.is_some() { Ok(Granted::default()) } else { self.grant(nth, deed) };
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
        let is_due = standing == Standing::Present && session.is_renewal_due(&rules, now);
        let may_offer = standing != Standing::Late && session.offered.is_none() && minted.is_none();
        if may_offer && (asks || is_due) {
            let token = self.mint(nth);
            self.sessions[nth].offered = Some((token, now));
            minted = Some(token);
        }
        self.settle(nth, standing, is_changed || minted.is_some(), is_first_sight);
        let resent = self.sessions[nth].offered.filter(|_| standing == Standing::Present);
        let cookie = match minted.or(resent.map(|(offered, _)| offered)) {
            Some(token) => self.set(nth, token),
            None => Cookie::None,
        };
        self.shown(nth, cookie)
    }

    fn refusal(&self, nth: usize, deed: &Deed) -> Option<Page> {
        match (deed, self.sessions[nth].proved) {
            (Deed::Me | Deed::Prove | Deed::Recent(_), None) => Some(Page::NotSignedIn),
            (Deed::Recent(seconds), Some(proved)) if self.now - proved > *seconds => Some(Page::ProveAgain),
            _ => None,
        }
    }

    /// Does what the request wants. If it leaves its session by that, the answer is returned as an error.
    fn grant(&mut self, nth: usize, deed: &Deed) -> Result<Granted, Reply> {
        let (rules, now) = (self.rules.clone(), self.now);
        let session = &mut self.sessions[nth];
        let mut granted = Granted::default();
        match deed {
            Deed::Show | Deed::Me | Deed::Recent(_) => {}
            Deed::Add => {
                session.number += 1;
                granted.is_changed = true;
            }
            Deed::Prove => granted.minted = Some(self.prove(nth, false)),
            Deed::LogIn(user) if session.user.as_ref().is_some_and(|present| present != user) => {
                session.end = Some(End { reason: "user_switched", at: now, noticed: now });
                return Err(self.log_in_anew(user));
            }
            Deed::LogIn(user) => {
                let gains_user = session.user.is_none();
                session.user = Some(user.clone());
                granted.minted = Some(self.prove(nth, false));
                if gains_user {
                    self.end_oldest(nth);
                }
            }
            Deed::Remember(_) | Deed::Forget => {
                let span = if let Deed::Remember(span) = deed { Some(*span) } else { None };
                granted.is_changed = session.remember(span, &rules, now);
                granted.asks = session.is_stale();
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

    fn prove(&mut self, nth: usize, is_second: bool) -> Token {
        let token = self.mint(nth);
        let session = &mut self.sessions[nth];
        session.prove(token, &self.rules, self.now, is_second);
        session.seen = self.now;
        token
    }

    fn log_in_anew(&mut self, user: &str) -> Reply {
        let (nth, token) = self.start();
        let session = &mut self.sessions[nth];
        (session.user, session.proved) = (Some(user.to_owned()), Some(self.now));
        self.end_oldest(nth);
        self.shown(nth, self.set(nth, token))
    }

    /// Ends the sessions of the user of this one that are too many with it, the oldest login first.
    fn end_oldest(&mut self, nth: usize) {
        let (Some(max), now) = (self.rules.sessions_max, self.now) else { return };
        let user = self.sessions[nth].user.clone();
        let is_other = |other: &usize| {
            let session = &self.sessions[*other];
            let is_live = session.end.is_none() && session.over(&self.rules, now).is_none();
            *other != nth && is_live && session.user == user
        };
        let mut others: Vec<usize> = (0..self.sessions.len()).filter(is_other).collect();
        others.sort_by_key(|other| self.sessions[*other].proved);
        let surplus = (others.len() + 1).saturating_sub(max);
        for other in &others[..surplus] {
            self.sessions[*other].end = Some(End { reason: "limit_exceeded", at: now, noticed: now });
        }
    }

    fn start(&mut self) -> (usize, Token) {
        let nth = self.sessions.len();
        let token = self.mint(nth);
        self.sessions.push(Session::new(token, self.now));
        (nth, token)
    }

    fn mint(&mut self, session: usize) -> Token {
        self.tokens.push(session);
        self.tokens.len() - 1
    }

    fn set(&self, session: usize, token: Token) -> Cookie {
        Cookie::Set { token, age: self.sessions[session].age(&self.rules, self.now) }
    }

    fn shown(&self, nth: usize, cookie: Cookie) -> Reply {
        let session = &self.sessions[nth];
        Reply { page: Page::Shown(Some(nth), session.user.clone(), session.number), cookie }
    }
}
