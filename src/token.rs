//! Floor 1: what the browser holds. Pure: no I/O, no clock, no SQL, no HTTP framework.
//!
//! A browser proves that it holds a session with a [`Secret`]. Session id and secret, sealed by a [`Sealer`]
//! under a key of the [`KeyRing`], are the [`Token`]: the cookie's value. [`CookieSettings`] writes the
//! `Set-Cookie` header, [`cookie_header`] reads the `Cookie` header. The database knows only
//! [`Secret::hash`], so neither a dump of it nor write access to it yields a usable cookie.
//!
//! Randomness is always an argument: give [`rand::rngs::SysRng`], the generator of the operating system.

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
