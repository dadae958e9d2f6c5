//! The benches' session, its token and its cookie header, the same in every run.

use std::convert::Infallible;

use rand::TryRng;
use session_ledger::internals::{Draft, Origin, Wish};
use session_ledger::internals::{Sealer, Secret, Witness};
use session_ledger::session::{Client, Entry, Key, SessionId, SessionState, Timeouts};
use test_support::key_ring;
use time::OffsetDateTime;

pub(crate) const NAME: &str = "__Host-session";
pub(crate) const BYTES_MAX: usize = 65_536;
pub(crate) const USER_AGENT: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:148.0) Gecko/20100101 Firefox/148.0";

/// Gives the same bytes each time. With true randomness counts would differ, and nobody holds these sessions.
pub(crate) struct Fixed;

impl TryRng for Fixed {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(5)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(5)
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        bytes.fill(5);
        Ok(())
    }
}

pub(crate) fn sealer() -> Sealer {
    Sealer::new(key_ring(), NAME, "")
}

pub(crate) fn secret() -> Secret {
    Secret::generate(&mut Fixed).unwrap()
}

/// The witness of the first moment of all.
pub(crate) fn witness() -> Witness {
    Witness::of(&SessionState::default(), 1)
}

/// The session's token, as the cookie holds it.
pub(crate) fn token(sealer: &Sealer) -> String {
    sealer.mint(id(), &secret(), witness(), &mut Fixed).unwrap().expose().to_owned()
}

/// A token with other bytes in the middle.
pub(crate) fn forged(token: &str) -> String {
    token.replace(&token[60..64], "AAAA")
}

/// A `Cookie` header of five cookies, ours in the middle.
pub(crate) fn cookies(value: &str) -> String {
    format!("theme=dark; lang=de; {NAME}={value}; consent=1; _ga=GA1.1.123456")
}

pub(crate) fn id() -> SessionId {
    SessionId::new(OffsetDateTime::UNIX_EPOCH, [7; 10])
}

pub(crate) fn origin() -> Origin {
    Origin { at: OffsetDateTime::UNIX_EPOCH, client: Client::new(None, Some(USER_AGENT)), actor: None }
}

pub(crate) fn random() -> [u8; 16] {
    [9; 16]
}

pub(crate) fn set(key: &'static str, bytes: usize) -> Wish {
    let value = Key::<String>::new(key).encode(&"x".repeat(bytes)).unwrap();
    Wish::SetValue { key: key.to_owned(), value }
}

pub(crate) fn log_in() -> Wish {
    Wish::LogIn {
        user: "alice".into(),
        methods: vec!["pwd".into()],
        assurance: Default::default(),
        auth_time: None,
    }
}

/// A stored session with a login and three values of 100 bytes.
pub(crate) fn stored() -> (SessionState, Vec<Entry>) {
    begun_with([log_in(), set("cart", 100), set("address", 100), set("page", 100)])
}

/// A stored session whose first request had these wishes.
pub(crate) fn begun_with(wishes: impl IntoIterator<Item = Wish>) -> (SessionState, Vec<Entry>) {
    let mut draft = Draft::anonymous(id(), Timeouts::default().idle(3600), BYTES_MAX);
    for wish in wishes {
        draft.wish(wish, OffsetDateTime::UNIX_EPOCH).unwrap();
    }
    let written = draft.write(secret().hash(), &origin(), random).unwrap();
    (written.state, written.entries)
}
