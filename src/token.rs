//! Floor 1: the token that a browser holds. Pure: no I/O, no clock, no SQL, no HTTP framework.
//!
//! A browser proves with a secret that it holds a session. Session id, secret and the witness of a moment,
//! sealed under a key of the [`KeyRing`], are the token: the cookie's value. [`CookieSettings`] says how the
//! browser keeps the cookie. The database knows only the secret's hash, so neither its dump nor write access
//! to it yields a usable cookie.
//!
//! Randomness is always an argument: pass [`rand::rngs::SysRng`], the generator of the operating system.

pub(crate) mod cookie_header;

pub(crate) mod body;
pub(crate) mod budget;
mod device_cookie;
pub(crate) mod error;
mod form_key;
pub(crate) mod form_token;
mod frame;
mod key_provider;
mod key_ring;
mod live_keys;
mod purpose;
mod randomness;
pub(crate) mod sealer;
mod sealing_key;
pub(crate) mod secret;
mod secret_bytes;
mod set_cookie;

pub use error::SealError;
pub use form_token::FormToken;
pub use key_provider::KeyProvider;
pub use key_ring::{
    KeyId, KeyRing, KeyRingError, KeyRingRefused, KeyState, NotAfter, Place, UnknownKeyState,
};
pub use randomness::RandomnessError;
pub use set_cookie::{CookieSettings, CookieSettingsError, SameSite};

pub(crate) use body::Contents;
pub(crate) use budget::SEALS_MAX;
pub(crate) use device_cookie::DeviceCookie;
pub(crate) use sealer::{Reloaded, Sealer, SealsToRecord, Token, is_resend};
pub(crate) use secret::Secret;
