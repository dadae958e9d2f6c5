//! The clients that a session knows, and the fact that another has come.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::Client;

/// Payload of [`Event::ClientChanged`](super::Event::ClientChanged). The client that has come is the event's
/// own, and the one before is that of the events before, so that both may leave the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ClientChanged {
    /// Whether the browser is another, apart from the numbers of its version.
    pub agent: bool,
    /// Whether the address is of another network.
    pub network: bool,
    /// Whether the user must prove again who they are.
    pub step_up: bool,
    /// The client before and the one that has come, as only the first shape has them.
    #[serde(skip)]
    marks: Option<[Mark; 2]>,
}

/// Shape 1 of `client_changed`: it had its clients.
#[derive(Serialize, Deserialize)]
pub(super) struct ClientChangedShape1 {
    agent: bool,
    network: bool,
    step_up: bool,
    before: Mark,
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

impl ClientChanged {
    /// A change of the client.
    #[doc(hidden)]
    pub fn new(agent: bool, network: bool, step_up: bool) -> Self {
        Self { agent, network, step_up, marks: None }
    }

    /// The same as its first shape has it.
    #[doc(hidden)]
    #[must_use]
    pub fn between(self, before: &Client, now: &Client) -> Self {
        Self { marks: Some([before.into(), now.into()]), ..self }
    }
}

impl KnownClients {
    /// Those of a session that was used from one client.
    pub(super) const NONE: Self = Self { agents: Vec::new(), addresses: Vec::new() };

    /// Adds the client before a change, if it is new to the session: one without notes does not know its own.
    pub(super) fn learn_before(&mut self, fact: &ClientChanged, before: Option<&Client>) {
        let mark = fact.marks.map_or_else(|| before.map(Mark::from), |[before, _]| Some(before));
        let Some(mark) = mark else { return };
        if self.agents.is_empty() {
            self.agents.push(mark.agent);
        }
        if self.addresses.is_empty() {
            self.addresses.extend(mark.ip);
        }
    }

    /// Adds the client that has come with a change.
    pub(super) fn learn(&mut self, fact: &ClientChanged, now: Option<&Client>) {
        let mark = fact.marks.map_or_else(|| now.map(Mark::from), |[_, now]| Some(now));
        let Some(mark) = mark else { return };
        if fact.agent {
            add(&mut self.agents, mark.agent);
        }
        if let (true, Some(ip)) = (fact.network, mark.ip) {
            add(&mut self.addresses, ip);
        }
    }

    /// Whether the client's browser is known. `before` is the client of a session without notes.
    pub(super) fn has_agent(&self, before: &Client, client: &Client) -> bool {
        if self.agents.is_empty() {
            return agent_of(before).eq(agent_of(client));
        }
        self.agents.contains(&Mark::from(client).agent)
    }

    /// Whether the client's address is of a known network: `is_near` says whether two are of one. An address
    /// that is not told is of no other network.
    pub(super) fn has_network(
        &self,
        before: &Client,
        client: &Client,
        is_near: impl Fn(IpAddr, IpAddr) -> bool,
    ) -> bool {
        let Some(ip) = client.ip else { return true };
        if self.addresses.is_empty() {
            return before.ip.is_none_or(|known| is_near(known, ip));
        }
        self.addresses.iter().any(|known| is_near(*known, ip))
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

impl From<ClientChangedShape1> for ClientChanged {
    fn from(old: ClientChangedShape1) -> Self {
        let ClientChangedShape1 { agent, network, step_up, before, now } = old;
        Self { agent, network, step_up, marks: Some([before, now]) }
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

#[test]
fn a_session_remembers_a_bounded_number_of_clients() {
    let client = |network: usize| {
        let ip = IpAddr::from([10, 0, u8::try_from(network).unwrap(), 1]);
        Client::new(Some(ip), Some(&"x".repeat(network)))
    };
    let mut known = KnownClients::default();
    for network in 1..100 {
        let fact = ClientChanged::new(true, true, false);
        known.learn_before(&fact, Some(&client(network - 1)));
        known.learn(&fact, Some(&client(network)));
    }
    assert_eq!((known.agents.len(), known.addresses.len()), (KNOWN_MAX, KNOWN_MAX));
    let is_same = |one: IpAddr, other: IpAddr| one == other;
    let knows = |network| known.has_network(&client(0), &client(network), is_same);
    assert_eq!([0, 91, 92, 99].map(knows), [false, false, true, true]);
}
