//! Floor 1: what a session is. Pure: no I/O, no clock, no SQL, no HTTP.
//!
//! A session is a stream of facts, each an [`Event`]. Folding the facts gives a [`SessionState`]. An
//! [`Entry`] is an event in its place in the log, chained to the ones before. A [`Policy`] says how long
//! sessions live.

pub(crate) mod admission;
mod assurance;
mod browser;
mod chain;
mod chain_hash;
mod changed_client;
mod client;
mod codec;
mod cursor;
pub(crate) mod decide;
pub(crate) mod device;
pub(crate) mod draft;
mod encoded;
pub(crate) mod ending;
mod entry;
mod event;
mod event_filter;
pub(crate) mod expiry;
mod extension;
mod extras;
mod failed_login;
mod failed_login_filter;
mod flash;
pub(crate) mod guard;
pub(crate) mod holding;
mod id;
mod key;
mod known_clients;
mod layout;
mod login;
mod login_filter;
pub(crate) mod login_step;
mod mark;
mod microseconds;
pub(crate) mod moment;
mod note;
mod older_content;
pub(crate) mod others;
mod policy;
mod proof;
mod reaction;
pub(crate) mod seconds;
mod session_filter;
mod span_search;
mod start;
mod state;
mod state_difference;
mod step_up;
mod stored_superseded;
mod stored_timeouts;
pub(crate) mod strict;
mod timeouts;
mod unanswerable;
mod upcast;
mod user;
mod value;
mod value_error;
pub(crate) mod witness;
mod words;
pub(crate) mod writes;
mod written_by;

pub use assurance::Assurance;
pub use browser::browser_name;
pub use chain_hash::ChainHash;
pub use client::Client;
pub use decide::WishError;
pub use device::{DeviceId, DeviceSeen};
pub use encoded::Encoded;
pub use entry::{Entry, Recorded};
pub use event::{
    Cleared, EndReason, Ended, Event, FactorChanged, FlashAdded, FlashTaken, GrantGiven, GrantTaken,
    ImpersonationEnded, ImpersonationStarted, LoggedIn, Noted, Reauthenticated, RenewalOffered, Renewed,
    SettingsChanged, Started, ValueRemoved, ValueSet,
};
pub use event_filter::EventFilter;
pub use extras::{ExtraState, Extras};
pub use failed_login::{FailedLogin, LoginFailure};
pub use failed_login_filter::FailedLoginFilter;
pub use flash::{Flash, FlashLevel};
pub use id::{EventId, SessionId, TokenHash};
pub use key::Key;
pub use known_clients::{ClientChanged, KnownClients};
pub use login::Login;
pub use login_filter::LoginFilter;
pub use note::{Note, NoteError};
pub use policy::{Policy, SessionsExcess};
pub use proof::{Grant, Proof};
pub use reaction::Reaction;
pub use session_filter::SessionFilter;
pub use state::{Content, SessionState, Superseded};
pub use state_difference::StateDifference;
pub use step_up::StepUp;
pub use stored_timeouts::StoredTimeouts;
pub use strict::DecodeError;
pub use timeouts::{PolicyError, Timeouts};
pub use unanswerable::Unanswerable;
pub use user::{UserId, UserIdError};
pub use value::{Fingerprint, Form, Value};
pub use value_error::{Encoding, Loss, UpcastError, ValueError};
pub use words::Audience;
pub use written_by::WrittenBy;

pub(crate) use admission::{Admission, Shown};
pub(crate) use decide::{Wish, decide};
pub(crate) use device::Device;
pub(crate) use draft::{Draft, Origin, Written};
pub(crate) use ending::Ending;
pub(crate) use event_filter::EventPlace;
pub(crate) use expiry::Expiry;
pub(crate) use failed_login_filter::FailedLoginPlace;
pub(crate) use guard::Guard;
pub(crate) use holding::{Elapsed, Holding, KnownSession, Live};
pub(crate) use login_filter::LoginPlace;
pub(crate) use login_step::LoginStep;
pub(crate) use mark::{Mark, Marking};
pub(crate) use moment::{DatabaseTime, Moment};
pub(crate) use others::{Crowded, Others};
pub(crate) use span_search::{SpanSearch, Window};
pub(crate) use strict::STATE_BYTES_MAX;
pub(crate) use witness::{Testimony, Witness};
pub(crate) use writes::{CookiePlan, Resend, Writes};
