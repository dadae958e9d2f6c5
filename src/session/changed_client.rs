//! Whether a request comes from another client than its session knows, and what follows.
//!
//! This is detection alone (ASVS 8.2.4): a browser can send any `User-Agent`, and an honest phone changes its
//! network each day. So nothing follows unless the policy asks for it, and each new client counts once.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Client, Policy, SessionState};

/// What follows when somebody signed in uses a session from a client that the session does not know.
///
/// A configuration names it `off`, `note`, `step_up` or `end`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reaction {
    /// Nothing. The change costs nothing to overlook.
    #[default]
    Off,
    /// A fact in the log and an incident, once for each new client.
    Note,
    /// The same, and the user must prove again who they are: until then
    /// [`SignedIn`](crate::web::SignedIn) refuses the session.
    StepUp,
    /// The session ends.
    End,
}

impl Reaction {
    /// The name as a configuration writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Note => "note",
            Self::StepUp => "step_up",
            Self::End => "end",
        }
    }
}

/// Payload of [`Event::ClientChanged`](super::Event::ClientChanged). The client itself is the event's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ClientChanged {
    /// Whether the browser is another, apart from the numbers of its version.
    pub agent: bool,
    /// Whether the address is of another network.
    pub network: bool,
    /// Whether the user must prove again who they are.
    pub step_up: bool,
    /// The client that the session knew before.
    before: Mark,
    /// The client that has come.
    now: Mark,
}

/// What a session remembers of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Mark {
    agent: u64,
    ip: Option<IpAddr>,
}

/// The clients from which a session was used since its user last proved who they are, once there are two. So
/// whoever goes to and fro between two networks is told of once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownClients {
    agents: Vec<u64>,
    addresses: Vec<IpAddr>,
}

/// How many browsers and how many addresses a session remembers. The oldest is forgotten first.
const KNOWN_MAX: usize = 8;

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
        let known = &self.content.clients;
        let agent = policy.changed_agent != Reaction::Off && !known.has_agent(before, client);
        let network = policy.changed_network != Reaction::Off && !known.has_network(before, client, policy);
        let of_agent = if agent { policy.changed_agent } else { Reaction::Off };
        let of_network = if network { policy.changed_network } else { Reaction::Off };
        let reaction = of_agent.max(of_network);
        let step_up = reaction == Reaction::StepUp;
        let fact = || ClientChanged { agent, network, step_up, before: before.into(), now: client.into() };
        (reaction != Reaction::Off).then(|| (reaction, fact()))
    }
}

impl ClientChanged {
    /// A change from one client to another, for tests.
    #[doc(hidden)]
    pub fn new(agent: bool, network: bool, step_up: bool, before: &Client, now: &Client) -> Self {
        Self { agent, network, step_up, before: before.into(), now: now.into() }
    }
}

impl KnownClients {
    /// Adds the clients of a change. The one before is new to a session without notes alone.
    pub(super) fn learn(&mut self, fact: &ClientChanged) {
        if self.agents.is_empty() {
            self.agents.push(fact.before.agent);
        }
        if self.addresses.is_empty() {
            self.addresses.extend(fact.before.ip);
        }
        if fact.agent {
            add(&mut self.agents, fact.now.agent);
        }
        if let (true, Some(ip)) = (fact.network, fact.now.ip) {
            add(&mut self.addresses, ip);
        }
    }

    fn has_agent(&self, before: &Client, client: &Client) -> bool {
        if self.agents.is_empty() {
            return agent_of(before).eq(agent_of(client));
        }
        self.agents.contains(&Mark::from(client).agent)
    }

    /// An address that is not known is of no other network.
    fn has_network(&self, before: &Client, client: &Client, policy: &Policy) -> bool {
        let Some(ip) = client.ip else { return true };
        let is_near = |known: &IpAddr| policy.is_same_network(*known, ip);
        if self.addresses.is_empty() {
            return before.ip.as_ref().is_none_or(is_near);
        }
        self.addresses.iter().any(is_near)
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

impl From<&Client> for Mark {
    /// Of the browser eight bytes of a SHA-256 are enough: nobody gains by another browser of the same mark.
    fn from(client: &Client) -> Self {
        let mut hash = Sha256::new();
        let mut buffer = [0; 4];
        agent_of(client).for_each(|c| hash.update(c.encode_utf8(&mut buffer)));
        let [a, b, c, d, e, f, g, h, ..] = <[u8; 32]>::from(hash.finalize());
        Self { agent: u64::from_be_bytes([a, b, c, d, e, f, g, h]), ip: client.ip }
    }
}

/// The browser without the numbers in its name: an update within the life of a session makes no other one.
fn agent_of(client: &Client) -> impl Iterator<Item = char> {
    let agent = client.user_agent.as_deref().unwrap_or_default();
    agent.chars().filter(|c| !c.is_ascii_digit() && !matches!(c, '.' | '_'))
}

fn add<T: PartialEq>(known: &mut Vec<T>, one: T) {
    if !known.contains(&one) {
        if known.len() >= KNOWN_MAX {
            known.remove(0);
        }
        known.push(one);
    }
}

#[cfg(test)]
mod tests;
