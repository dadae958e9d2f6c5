//! Whether a request comes from another client than its session knows, and what follows.
//!
//! This is detection alone (ASVS 8.2.4): a browser can send any `User-Agent`, and an honest phone changes its
//! network each day. So nothing follows unless the policy asks for it, and each new client counts once.

use std::net::IpAddr;

use super::{Client, ClientChanged, Policy, Reaction, SessionState};

impl SessionState {
    /// The reaction to a request of `client`, and the fact of the change. None if the session knows the
    /// client, if nobody is signed in, or if the policy asks for no reaction.
    ///
    /// A session knows the client of the last login or re-authentication, and those that were noted since. A
    /// session without notes knows the client that its latest event names.
    pub(crate) fn client_change(
        &self,
        client: &Client,
        policy: &Policy,
    ) -> Option<(Reaction, ClientChanged)> {
        let (before, _) = (self.client.as_ref()?, self.user.as_ref()?);
        let known = &self.content.extras.clients;
        let agent = policy.changed_agent != Reaction::Off && !known.has_agent(before, client);
        let network = policy.changed_network != Reaction::Off
            && !known.has_network(before, client, |one, other| policy.is_same_network(one, other));
        let of_agent = if agent { policy.changed_agent } else { Reaction::Off };
        let of_network = if network { policy.changed_network } else { Reaction::Off };
        let reaction = of_agent.max(of_network);
        let step_up = reaction == Reaction::StepUp;
        let fact = || ClientChanged::new(agent, network, step_up);
        (reaction != Reaction::Off).then(|| (reaction, fact()))
    }
}

impl Policy {
    /// Whether a change of the client has any consequence.
    pub(crate) fn watches_clients(&self) -> bool {
        self.changed_agent != Reaction::Off || self.changed_network != Reaction::Off
    }

    /// Whether two addresses are of one network. One of IPv4 and one of IPv6 never are.
    fn is_same_network(&self, one: IpAddr, other: IpAddr) -> bool {
        let is_same = |bits: u128, length: u8, width: u8| {
            let rest = u32::from(width.saturating_sub(length));
            bits.checked_shr(rest).unwrap_or_default() == 0
        };
        match (one, other) {
            (IpAddr::V4(one), IpAddr::V4(other)) => {
                is_same(u128::from(one.to_bits() ^ other.to_bits()), self.network_prefix_v4, 32)
            }
            (IpAddr::V6(one), IpAddr::V6(other)) => {
                is_same(one.to_bits() ^ other.to_bits(), self.network_prefix_v6, 128)
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

#[cfg(test)]
mod tests;
