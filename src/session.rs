//! Floor 1: what a session is. Pure: no I/O, no clock, no SQL, no HTTP.
//!
//! A session is a stream of facts, each an [`Event`]. Folding the facts gives a [`SessionState`].
//! [`decide`] turns a [`Wish`] of a handler into a fact, a [`Draft`] gathers the facts of one request, and a
//! [`Holding`] decides what becomes of the request's session.

mod admission;
mod chain;
mod chain_hash;
mod client;
mod codec;
mod decide;
mod draft;
mod encoded;
mod ending;
mod entry;
mod event;
mod expiry;
mod guard;
mod holding;
mod id;
mod key;
mod microseconds;
mod policy;
mod state;
mod stored_timeouts;
mod strict;
mod timeouts;
mod user;

pub use admission::Admission;
pub use chain_hash::ChainHash;
pub use client::Client;
pub use decide::{Wish, WishError, decide};
pub use draft::{Draft, Origin, Written};
pub use encoded::Encoded;
pub use ending::Ending;
pub use entry::{Entry, Recorded};
pub use event::{
    Assurance, Cleared, EndReason, Ended, Event, FlashAdded, FlashTaken, ImpersonationEnded,
    ImpersonationStarted, LoggedIn, Noted, Reauthenticated, RenewalOffered, Renewed, SettingsChanged,
    Started, ValueRemoved, ValueSet,
};
pub use expiry::Expiry;
pub use guard::Guard;
pub use holding::{CookiePlan, Holding, Moment, Resend, Writes};
pub use id::{EventId, SessionId, TokenHash};
pub use key::{Key, UpcastError, Value, ValueError};
pub use policy::Policy;
pub use state::{Content, SessionState, Superseded};
pub use stored_timeouts::StoredTimeouts;
pub use strict::{DecodeError, STATE_BYTES_MAX};
pub use timeouts::{PolicyError, Timeouts};
pub use user::UserId;
