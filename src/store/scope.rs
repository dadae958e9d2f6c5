//! The conditions that all questions share (`Scope`), as parameters of statements.

use std::net::IpAddr;

use time::OffsetDateTime;

use super::error::Error;
use crate::session::{Scope, UserId};

/// The conditions of a [`Scope`], as PostgreSQL takes them.
#[derive(Debug)]
pub(super) struct Conditions<'a> {
    pub(super) user: Option<&'a str>,
    pub(super) first_address: Option<IpAddr>,
    pub(super) last_address: Option<IpAddr>,
    pub(super) from: OffsetDateTime,
    pub(super) until: OffsetDateTime,
}

impl<'a> Conditions<'a> {
    /// Makes sure that the user's id can be one.
    pub(super) fn of(scope: &'a Scope) -> Result<Self, Error> {
        let Scope { user, network, from, until } = scope;
        user.as_ref().map_or(Ok(()), UserId::check)?;
        Ok(Self {
            user: user.as_ref().map(UserId::as_str),
            first_address: network.map(|network| network.network()),
            last_address: network.map(|network| network.broadcast()),
            from: from.unwrap_or(earliest()).max(earliest()),
            until: until.unwrap_or(latest()).max(earliest()),
        })
    }
}

/// A time before all that PostgreSQL is asked about. It knows no times of long before our era.
pub(super) fn earliest() -> OffsetDateTime {
    OffsetDateTime::UNIX_EPOCH
}

/// A time after all that PostgreSQL is asked about: the year 9999.
pub(super) fn latest() -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(253_402_214_400).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}
