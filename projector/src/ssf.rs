//! A transmitter of OpenID Shared Signals (SSF 1.0): events as Security Event Tokens (SET, RFC 8417) with the
//! vocabulary of CAEP 1.0, signed with RS256.
//!
//! Four things of a ledger have a word there: a login, another proof, a changed factor and the end of a
//! signed-in session. Of all others a receiver is told nothing. The sink that pushes tokens to a receiver
//! (RFC 8935) is [`Push`](crate::relay::sink::push::Push).

mod caep;
mod documents;
mod key;
mod set;

pub use documents::{configuration, keys};
pub use key::{SigningKey, SigningKeyError};
pub use set::{SetError, Transmitter};
