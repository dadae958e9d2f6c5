//! The error of a session whose user must prove again who they are.

use crate::plain_debug::plain_debug;
use crate::session::StepUp;

/// The user must prove again who they are: what they have proved in this session does not meet what is
/// demanded.
///
/// So is a session that was used from a client that it does not know, if the policy asks for a step-up then
/// ([`Reaction::StepUp`](crate::session::Reaction)).
///
/// The answer is 401 with the words of RFC 9470. An application makes a redirect to its page for that with
/// `catch_error`:
///
/// ```
/// use poem::http::{StatusCode, header};
/// use poem::{EndpointExt, Response, Result, Route, handler, post};
/// use session_ledger::session::StepUp;
/// use session_ledger::web::{SignedIn, StepUpRequired};
///
/// const TRANSFER: StepUp = StepUp::within(300).by(&["otp", "hwk"]);
///
/// #[handler]
/// fn transfer(session: SignedIn) -> Result<&'static str> {
///     session.demand(&TRANSFER)?;
///     Ok("done")
/// }
///
/// let to_step_up = |_: StepUpRequired| async {
///     Response::builder().status(StatusCode::SEE_OTHER).header(header::LOCATION, "/prove").finish()
/// };
/// let app = Route::new().at("/transfer", post(transfer)).catch_error(to_step_up);
/// # let _ = app;
/// ```
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("please prove again who you are")]
#[non_exhaustive]
pub struct StepUpRequired {
    /// What is demanded.
    pub demanded: StepUp,
}

plain_debug!(StepUpRequired);
