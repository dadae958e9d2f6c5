//! Which live sessions somebody means.

use ipnet::IpNet;

use super::{UserId, WishError};

/// Which live sessions are meant. Without conditions: all, also those of visitors who are not signed in. Each
/// condition that is added leaves fewer.
///
/// ```
/// use session_ledger::session::SessionFilter;
/// use session_ledger::web::IpNet;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let network: IpNet = "203.0.113.0/24".parse()?;
/// let stolen = SessionFilter::all().of_user("alice").from_network(network);
/// assert_ne!(stolen, SessionFilter::all());
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SessionFilter {
    pub(crate) user: Option<UserId>,
    pub(crate) network: Option<IpNet>,
}

impl SessionFilter {
    /// All live sessions.
    #[must_use]
    pub fn all() -> Self {
        Self::default()
    }

    /// Those of this user. Sessions in which somebody else acts as the user are not the user's.
    #[must_use]
    pub fn of_user(mut self, user: impl Into<UserId>) -> Self {
        self.user = Some(user.into());
        self
    }

    /// Those of this address, or of an address of this network: sessions whose latest event that names a
    /// client names such an address, and sessions that somebody has signed in to from there, wherever they
    /// are used now. So both are found: what an attacker in the network has logged in to, and what they use
    /// with a stolen cookie. A request that changes nothing leaves no address.
    #[must_use]
    pub fn from_network(mut self, network: impl Into<IpNet>) -> Self {
        self.network = Some(network.into().trunc());
        self
    }

    /// Makes sure that the user's id can be that of a session.
    pub(crate) fn check(&self) -> Result<(), WishError> {
        self.user.as_ref().map_or(Ok(()), UserId::check)
    }
}
