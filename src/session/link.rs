//! What consumers of the feed are told of the chain.

use std::fmt;

use sha2::{Digest, Sha256};

use super::ChainHash;

/// A [`ChainHash`] as consumers of the feed are told it: `SHA-256("session-ledger/v1/link" ‖ chain hash)`.
///
/// An event is told with its own link and that of the event before it in its session. So whoever gets the
/// events proves that none of a session is missing, doubled, swapped or from another log. The chain hash
/// itself stays inside: with it one could try what an event says that was left out.
///
/// The link before a session's first event is that of [`ChainHash::genesis`], which anybody can compute of
/// the session's id.
///
/// ```
/// # use session_ledger::session::{ChainHash, SessionId};
/// let before_all = ChainHash::genesis(SessionId::from_bytes([7; 16])).link();
/// assert_eq!(before_all.to_string().len(), 64);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Link([u8; 32]);

impl ChainHash {
    /// What consumers of the feed are told in its place.
    pub fn link(&self) -> Link {
        let domain = b"session-ledger/v1/link";
        Link(Sha256::new().chain_update(domain).chain_update(self.as_bytes()).finalize().into())
    }
}

/// 64 hexadecimal digits, in lower case.
impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&data_encoding::HEXLOWER.encode(&self.0))
    }
}

/// As its `Display`.
impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Consumers in other languages compute it, so it never changes.
#[test]
fn the_link_before_a_first_event_is_a_known_one() {
    let session = super::SessionId::from_bytes([7; 16]);
    assert_eq!(
        ChainHash::genesis(session).link().to_string(),
        "b255d30d7a6685d287feaf0b9d12821f0e05ebecf87915f26056ed795baf780d"
    );
}
