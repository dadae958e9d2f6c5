//! Floor 1: the token that a browser holds. Pure: no I/O, no clock, no SQL, no HTTP framework.
//!
//! A browser proves with a [`Secret`] that it holds a session. A [`Sealer`] seals session id and secret under
//! a key of the [`KeyRing`]; the result is the [`Token`], the cookie's value. [`CookieSettings`] writes the
//! `Set-Cookie` header, [`cookie_header`] reads the `Cookie` header. The database knows only
//! [`Secret::hash`], so neither its dump nor write access to it yields a usable cookie.
//!
//! Randomness is always an argument: pass [`rand::rngs::SysRng`], the generator of the operating system.

pub mod cookie_header;

mod budget;
mod error;
mod frame;
mod key_ring;
mod live_keys;
mod purpose;
mod randomness;
mod sealer;
mod sealing_key;
mod secret;
mod secret_bytes;
mod set_cookie;

pub use error::{SealError, TokenRejected};
pub use key_ring::{KeyId, KeyRing, KeyRingError, KeyState, Place, UnknownKeyState};
pub use randomness::RandomnessError;
pub use sealer::{Sealer, Token};
pub use secret::Secret;
pub use set_cookie::{CookieSettings, CookieSettingsError, SameSite};
