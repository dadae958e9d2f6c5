//! A transmitter of OpenID Shared Signals (SSF 1.0): events as Security Event Tokens (SET, RFC 8417) with the
//! vocabulary of CAEP 1.0, signed with RS256.
//!
//! Four things of a ledger have a word there: a login, another proof, a changed factor and the end of a
//! signed-in session. Of all others a receiver is told nothing. The sink that pushes tokens to a receiver
//! (RFC 8935) is [`Push`](crate::relay::sink::push::Push).
//!
//! `projector ssf serve` lets receivers make their streams themselves. Where to look first: `site.rs` has the
//! endpoints, `stream.rs` what a stream is and how it changes, `polling.rs` what a poll is given, both pure;
//! `desk.rs`, `turn.rs` and `pushing.rs` do it.

mod caep;
mod desk;
mod documents;
mod key;
mod place;
mod polling;
mod pushing;
mod receivers;
mod refusal;
mod sealing;
mod serving;
mod set;
mod site;
mod stream;
mod turn;
mod wish;

pub use documents::{configuration, keys};
pub use key::{SigningKey, SigningKeyError};
pub use receivers::{ReceiversError, receiver_line};
pub use serving::{CONNECTIONS_MAX, Settings, serve};
pub use set::{SetError, Transmitter};
