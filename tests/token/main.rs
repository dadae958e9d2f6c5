//! The token floor: tokens, their keys and the `Set-Cookie` header.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod forgery;
mod format;
mod forms;
mod generators;
mod key_ring;
mod rejection;
mod rotation;
mod secrecy;
mod set_cookie;

use rand::rngs::SysRng;
use session_ledger::internals::{Sealer, Secret, Token, Witness};
use session_ledger::session::{ChainHash, SessionId, SessionState};
use session_ledger::token::{KeyRing, KeyState};

const COOKIE: &str = "__Host-session";
const AUDIENCE: &str = "shop.example";
const ID: SessionId = SessionId::from_bytes([
    0x60, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x6b, 0x6c, 0x6d, 0x6e, 0x6f,
]);

/// A new key, as a line of a key ring.
fn entry(state: KeyState) -> String {
    KeyRing::generate_entry(state, &mut SysRng).unwrap()
}

/// The same key in another state.
fn moved(entry: &str, state: KeyState) -> String {
    let (_, key) = entry.split_once(' ').unwrap();
    format!("{state} {key}")
}

fn ring(text: &str) -> KeyRing {
    KeyRing::parse(text).unwrap()
}

fn sealer(text: &str) -> Sealer {
    Sealer::new(ring(text), COOKIE, AUDIENCE)
}

fn secret() -> Secret {
    Secret::generate(&mut SysRng).unwrap()
}

fn mint(sealer: &Sealer) -> Token {
    sealer.mint(ID, &secret(), witness(), &mut SysRng).unwrap()
}

fn opens(sealer: &Sealer, value: impl AsRef<[u8]>) -> bool {
    sealer.open(value.as_ref()).is_ok()
}

/// The witness of a session's state in the database's epoch 258.
fn witness() -> Witness {
    let head = ChainHash::from_bytes(std::array::from_fn(|nth| 0x10 + nth as u8));
    Witness::of(&SessionState { version: 0x0405_0607_0809, head, ..SessionState::default() }, 0x0102)
}

/// The secret of the token that a browser holds while another is on offer.
fn held() -> Secret {
    Secret::generate(&mut generators::Scripted((0x40..0x60).collect())).unwrap()
}
