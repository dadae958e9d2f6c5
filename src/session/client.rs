//! From where requests come, and how a stream of events says it: not with every event.

use std::net::IpAddr;
use std::sync::Arc;

use super::Entry;

/// From where a request came.
///
/// An event about who is signed in and how the session lives always says it; one about what the session holds says
/// it only where it differs from what the events before it last said. See [`Event::always_says_client`].
///
/// [`Event::always_says_client`]: super::Event::always_says_client
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Client {
    /// The peer's address; an IPv4-mapped one is stored as IPv4.
    pub ip: Option<IpAddr>,
    /// The `User-Agent` header, at most [`Client::USER_AGENT_CHARS_MAX`] characters of it, without
    /// control characters. None if that leaves nothing.
    pub user_agent: Option<Arc<str>>,
}

impl Client {
    /// The most characters of a `User-Agent` header that are kept.
    pub const USER_AGENT_CHARS_MAX: usize = 512;

    /// A client as it may be stored: the header is the client's own word, so it is cut to size and
    /// stripped of control characters (CWE-117).
    pub fn new(ip: Option<IpAddr>, user_agent: Option<&str>) -> Self {
        let clean = |header: &str| -> String {
            header.chars().filter(|c| !c.is_control()).take(Self::USER_AGENT_CHARS_MAX).collect()
        };
        let user_agent = user_agent.map(clean).filter(|header| !header.is_empty());
        Self { ip: ip.map(|ip| ip.to_canonical()), user_agent: user_agent.map(Arc::from) }
    }

    /// The columns `client_ip` and `user_agent` of what says this client, or none. Both null: nothing is said. That
    /// neither address nor browser is known is said by an empty browser, so that it cannot be taken for nothing.
    ///
    /// ```
    /// # use session_ledger::session::Client;
    /// assert_eq!(Client::columns(None), (None, None));
    /// assert_eq!(Client::columns(Some(&Client::default())), (None, Some("")));
    /// ```
    pub fn columns(said: Option<&Self>) -> (Option<IpAddr>, Option<&str>) {
        match said {
            None => (None, None),
            Some(Self { ip: None, user_agent: None }) => (None, Some("")),
            Some(said) => (said.ip, said.user_agent.as_deref()),
        }
    }

    /// What [`columns`](Self::columns) say.
    pub fn from_columns(ip: Option<IpAddr>, user_agent: Option<&str>) -> Option<Self> {
        match (ip, user_agent) {
            (None, None) => None,
            (None, Some("")) => Some(Self::default()),
            (ip, user_agent) => Some(Self { ip, user_agent: user_agent.map(Arc::from) }),
        }
    }

    /// From where each event of a session came, for its events from the first on: what the event says, or else what
    /// the last one before it says that says it.
    pub fn of_each<'a>(
        entries: impl IntoIterator<Item = &'a Entry>,
    ) -> impl Iterator<Item = Option<&'a Self>> {
        entries.into_iter().scan(None, |last, entry| {
            *last = entry.client.as_ref().or(*last);
            Some(*last)
        })
    }
}
