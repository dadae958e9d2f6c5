//! The address of a webhook. Its path and its query may be secrets, so no message repeats them.

use std::fmt;
use std::str::FromStr;

use http::Uri;
use http::uri::Scheme;

/// The address of a webhook: `https://host/path`, or `http://` in one's own network.
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoint {
    uri: Uri,
    host: String,
    port: u16,
    is_encrypted: bool,
}

/// A text is no address of a webhook. No message repeats it.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EndpointError {
    /// It is no URL with a host.
    #[error("a webhook's address is a URL such as https://hooks.example/sessions")]
    NoUrl,
    /// The scheme is another one.
    #[error("a webhook's address begins with https:// or, in one's own network, with http://")]
    Scheme,
    /// It has a user or a password before the host.
    #[error("a webhook's address has no user and no password: what is sent is signed instead")]
    Password,
}

/// As its `Display`.
impl fmt::Debug for EndpointError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Endpoint {
    pub(super) fn host(&self) -> &str {
        &self.host
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    pub(super) fn is_encrypted(&self) -> bool {
        self.is_encrypted
    }

    /// Host and port as they were given.
    pub(super) fn authority(&self) -> &str {
        self.uri.authority().map_or("", |authority| authority.as_str())
    }

    /// Path and query.
    pub(super) fn path(&self) -> &str {
        self.uri.path_and_query().map_or("/", |path| path.as_str())
    }
}

impl FromStr for Endpoint {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let uri: Uri = text.parse().map_err(|_| EndpointError::NoUrl)?;
        let authority = uri.authority().ok_or(EndpointError::NoUrl)?;
        let is_encrypted = match uri.scheme() {
            Some(scheme) if *scheme == Scheme::HTTPS => true,
            Some(scheme) if *scheme == Scheme::HTTP => false,
            _ => return Err(EndpointError::Scheme),
        };
        if authority.as_str().contains('@') {
            return Err(EndpointError::Password);
        }
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        let port = authority.port_u16().unwrap_or(if is_encrypted { 443 } else { 80 });
        if host.is_empty() {
            return Err(EndpointError::NoUrl);
        }
        Ok(Self { host, port, is_encrypted, uri })
    }
}

/// Without path and query.
impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.authority())
    }
}

#[test]
fn an_address_is_read_and_its_secrets_are_not_told() {
    let read = |text: &str| text.parse::<Endpoint>();
    let endpoint = read("https://hooks.example/T0/B0/secret?key=secret").unwrap();
    assert_eq!((endpoint.host(), endpoint.port(), endpoint.is_encrypted()), ("hooks.example", 443, true));
    assert_eq!(endpoint.path(), "/T0/B0/secret?key=secret");
    assert_eq!(format!("{endpoint:?}"), "hooks.example");
    let local = read("http://[::1]:8080").unwrap();
    assert_eq!((local.host(), local.port(), local.path()), ("::1", 8080, "/"));
    assert_eq!(read("https://user:secret@hooks.example/"), Err(EndpointError::Password));
    assert_eq!(read("ftp://hooks.example/"), Err(EndpointError::Scheme));
    for text in ["hooks.example", "/sessions", "https://", "https://hooks example/", ""] {
        assert!(matches!(read(text), Err(EndpointError::NoUrl | EndpointError::Scheme)), "{text}");
    }
}
