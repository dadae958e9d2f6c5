//! What a request wants, and where it is sent for it.

use rand::RngExt;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;

use crate::rules::Rules;

/// A method by which users prove who they are, and how much it proves: 1 or 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Method {
    Password,
    Otp,
}

impl Method {
    pub(crate) fn name(self) -> &'static str {
        if self == Self::Password { "pwd" } else { "otp" }
    }

    pub(crate) fn level(self) -> u8 {
        if self == Self::Password { 1 } else { 2 }
    }
}

/// What a request wants.
#[derive(Clone, Debug)]
pub(crate) enum Deed {
    Show,
    Me,
    Add,
    /// `instead`: of the sessions that are in the way, the first is to end.
    LogIn {
        user: String,
        by: Method,
        instead: bool,
    },
    Prove(Method),
    /// Something that asks for a proof of so many seconds ago at most.
    Recent(i64),
    /// The same, of this method.
    RecentBy(Method, i64),
    /// Something that asks for level 2.
    Strong,
    Remember(i64),
    Forget,
    Renew,
    /// Own limits: idle, absolute.
    Limit(Option<i64>, Option<i64>),
    RenewalEvery(Option<i64>),
    Grant(i64),
    TakeGrant,
    /// Whether the user's other sessions are to end.
    ChangeFactor(Method, bool),
    ActAs(String),
    ActAsSelf,
    LogOut,
}

impl Deed {
    /// Whoever is signed in is more likely to do what only they can, and whoever is not, to sign in.
    pub(crate) fn drawn(rng: &mut StdRng, rules: &Rules, users: &[String], is_signed_in: bool) -> Self {
        let by = if rng.random_bool(0.7) { Method::Password } else { Method::Otp };
        let (user, is_chosen) = (users.choose(rng).unwrap().clone(), rng.random_bool(0.5));
        let choices = match (rng.random_bool(0.5), is_signed_in) {
            (true, true) => 20..42,
            (true, false) => 13..20,
            (false, _) => 0..42,
        };
        match rng.random_range(choices) {
            0..3 => Self::Show,
            3..9 => Self::Me,
            9..13 => Self::Add,
            13..20 => Self::LogIn { user, by, instead: rng.random_bool(0.3) },
            20 => Self::Prove(by),
            21..23 => Self::Recent(rules.pause(rng)),
            23..25 => Self::RecentBy(by, rules.pause(rng)),
            25 => Self::Strong,
            26..28 => Self::Remember(rules.span(rng)),
            28 => Self::Forget,
            29..31 => Self::Renew,
            31..33 => rules.limits(rng),
            33 => Self::RenewalEvery(rules.own_renewal(rng)),
            34..36 => Self::Grant(rng.random_range(1..400)),
            36..38 => Self::TakeGrant,
            38 => Self::ChangeFactor(by, is_chosen),
            39 => Self::ActAs(user),
            40 => Self::ActAsSelf,
            _ => Self::LogOut,
        }
    }

    pub(crate) fn path(&self) -> String {
        match self {
            Self::Show => "/show".to_owned(),
            Self::Me => "/me".to_owned(),
            Self::Add => "/add".to_owned(),
            Self::LogIn { user, by, instead: false } => format!("/login/{user}/{}", by.name()),
            Self::LogIn { user, by, instead: true } => format!("/login-instead/{user}/{}", by.name()),
            Self::Prove(by) => format!("/prove/{}", by.name()),
            Self::Recent(seconds) => format!("/recent/{seconds}"),
            Self::RecentBy(by, seconds) => format!("/recent-by/{}/{seconds}", by.name()),
            Self::Strong => "/strong".to_owned(),
            Self::Remember(seconds) => format!("/remember/{seconds}"),
            Self::Forget => "/forget".to_owned(),
            Self::Renew => "/renew".to_owned(),
            Self::Limit(idle, absolute) => {
                format!("/limit/{}/{}", idle.unwrap_or_default(), absolute.unwrap_or_default())
            }
            Self::RenewalEvery(seconds) => format!("/renewal-every/{}", seconds.unwrap_or_default()),
            Self::Grant(seconds) => format!("/grant/{seconds}"),
            Self::TakeGrant => "/take-grant".to_owned(),
            Self::ChangeFactor(factor, ends_others) => format!("/factor/{}/{ends_others}", factor.name()),
            Self::ActAs(user) => format!("/as/{user}"),
            Self::ActAsSelf => "/as-self".to_owned(),
            Self::LogOut => "/logout".to_owned(),
        }
    }
}
