//! The client that sends a request, and how events name it: not every event does.

use std::net::IpAddr;
use std::sync::Arc;

/// The address and the browser that sent a request.
///
/// An event about who is signed in or how the session lives always names its client. An event about the
/// session's values names it only if it differs from the client of the event before. See
/// [`Event::always_says_client`].
///
/// [`Event::always_says_client`]: super::Event::always_says_client
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Client {
    /// The address: that of the connection, or the one that trusted proxies tell. An IPv4-mapped one is
    /// stored as IPv4.
    pub ip: Option<IpAddr>,
    /// The `User-Agent` header without control characters, cut to [`Client::USER_AGENT_CHARS_MAX`]
    /// characters. `None` if nothing is left.
    pub user_agent: Option<Arc<str>>,
}

impl Client {
    /// The most characters of a `User-Agent` header that are kept.
    pub const USER_AGENT_CHARS_MAX: usize = 512;

    /// A client as it may be stored. Anybody can send any header, so it is cut to size and stripped of
    /// control characters (CWE-117).
    pub fn new(ip: Option<IpAddr>, user_agent: Option<&str>) -> Self {
        let is_clean = |header: &str| {
            header.len() <= Self::USER_AGENT_CHARS_MAX && header.bytes().all(|b| matches!(b, b' '..=b'~'))
        };
        let clean = |header: &str| -> String {
            header.chars().filter(|c| !c.is_control()).take(Self::USER_AGENT_CHARS_MAX).collect()
        };
        let kept = |header: &str| -> Arc<str> {
            // So all browsers send it.
            if is_clean(header) { header.into() } else { clean(header).into() }
        };
        let user_agent = user_agent.map(kept).filter(|header| !header.is_empty());
        Self { ip: ip.map(|ip| ip.to_canonical()), user_agent }
    }

    /// The columns `client_ip` and `user_agent` of an event that names the client `said`, or names none. Both
    /// null: the event names none. A client of which neither address nor browser is known has an empty
    /// browser, to tell the two apart.
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

    /// The client that the columns `client_ip` and `user_agent` of an event name: the reverse of
    /// [`columns`](Self::columns).
    #[doc(hidden)]
    pub fn from_columns(ip: Option<IpAddr>, user_agent: Option<&str>) -> Option<Self> {
        match (ip, user_agent) {
            (None, None) => None,
            (None, Some("")) => Some(Self::default()),
            (ip, user_agent) => Some(Self { ip, user_agent: user_agent.map(Arc::from) }),
        }
    }
}
