//! What all questions about logins, failed logins and events may ask for: whose, from where, and when.

use std::net::IpAddr;

use ipnet::IpNet;
use time::OffsetDateTime;

use super::microseconds::microseconds;
use super::{Unanswerable, UserId};

/// The conditions that all questions share. One that is none leaves all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Scope {
    pub(crate) user: Option<UserId>,
    /// Without the bits that do not belong to it.
    pub(crate) network: Option<IpNet>,
    pub(crate) from: Option<OffsetDateTime>,
    /// Not counted itself.
    pub(crate) until: Option<OffsetDateTime>,
}

impl Scope {
    /// Makes sure that its span of time is none that ends before it begins.
    pub(crate) fn check(&self) -> Result<(), Unanswerable> {
        span_of(self.from, self.until)
    }

    /// Its address, if its network is one address.
    pub(crate) fn address(&self) -> Option<IpAddr> {
        let single = self.network.filter(|network| network.prefix_len() == network.max_prefix_len());
        single.map(|network| network.network())
    }

    /// The conditions as a part of a question's text, of which cursors bear a mark.
    pub(super) fn question(&self) -> impl std::fmt::Debug {
        let Self { user, network, from, until } = self;
        let user = user.as_ref().map(|user| user.as_str().to_owned());
        (user, *network, from.map(microseconds), until.map(microseconds))
    }
}

/// Makes sure that a span of time does not end before it begins.
pub(super) fn span_of(
    from: Option<OffsetDateTime>,
    until: Option<OffsetDateTime>,
) -> Result<(), Unanswerable> {
    match (from, until) {
        (Some(from), Some(until)) if from >= until => Err(Unanswerable::EmptySpan { from, until }),
        _ => Ok(()),
    }
}
