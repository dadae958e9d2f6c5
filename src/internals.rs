//! For the project's own tests and benches: the pure parts behind the public API.
//!
//! It is hidden from users and promises nothing. Names may change or go with any version.

pub use crate::request::vocabulary::NAMES as OWASP_NAMES;
pub use crate::session::admission::{Admission, Shown};
pub use crate::session::decide::{Wish, decide};
pub use crate::session::device::Device;
pub use crate::session::draft::{Draft, Origin, Written};
pub use crate::session::ending::Ending;
pub use crate::session::expiry::Expiry;
pub use crate::session::guard::Guard;
pub use crate::session::holding::{Holding, Live};
pub use crate::session::moment::{DatabaseTime, Moment};
pub use crate::session::others::{Crowded, Others};
pub use crate::session::strict::STATE_BYTES_MAX;
pub use crate::session::witness::Witness;
pub use crate::session::writes::{CookiePlan, Resend, Writes};
pub use crate::token::body::Contents;
pub use crate::token::cookie_header::{Found, find};
pub use crate::token::error::TokenRejected;
pub use crate::token::sealer::{Reloaded, Sealer, SealsToRecord, Token};
pub use crate::token::secret::Secret;
