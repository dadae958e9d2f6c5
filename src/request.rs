//! Floor 3: the cycle of a request, from its cookie to what the response says of it.
//!
//! A [`Visit`](visit::Visit) is one run of a request. Nothing is loaded before the handler asks for a
//! [`Session`] or a [`Tx`], and nothing is written before the handler has returned: then
//! [`settle`](settle::settle) commits or rolls back and says what the response must carry. The cycle speaks
//! the types of the `http` crate and the library's own, and knows no web framework: [`web`](crate::web) is
//! its face in poem. It reaches the database through the front desk, [`ledger`](crate::ledger).

mod admission;
pub(crate) mod allowance;
pub(crate) mod arrival;
pub(crate) mod attended;
mod carried_on;
mod commit;
pub(crate) mod completion;
mod cookie;
mod device;
mod error;
mod failed_logins;
pub(crate) mod failure;
mod flash;
pub(crate) mod forgery;
pub(crate) mod form;
pub(crate) mod forwarded;
mod incident;
mod keys;
mod knowing;
pub(crate) mod known;
mod opened;
pub(crate) mod origin;
mod own_settings;
pub(crate) mod part;
mod place;
mod proving;
mod purse;
pub(crate) mod room;
pub(crate) mod running;
mod session;
pub(crate) mod settle;
pub(crate) mod shared;
pub(crate) mod signed_in;
mod snapshot;
mod stage;
pub(crate) mod starts;
mod step_up;
mod step_up_required;
mod trail;
pub(crate) mod tries;
mod tx;
mod values;
pub(crate) mod visit;
pub(crate) mod vocabulary;
mod waits;
pub(crate) mod writer_queue;

pub use error::SessionError;
pub use forgery::Forged;
pub use incident::Incident;
pub use origin::OriginError;
pub use proving::OtherSessions;
pub use session::Session;
pub use signed_in::{NotSignedIn, SignedIn};
pub use snapshot::SessionSnapshot;
pub use step_up::Recent;
pub use step_up_required::StepUpRequired;
pub use tx::Tx;
