//! Demanding a proof of who the user is.

use std::ops::Deref;

use super::{SignedIn, StepUpRequired};
use crate::session::StepUp;

impl SignedIn {
    /// Demands a proof of who the user is: how long ago it was, by which method, how much it proves. For a
    /// handler that demands no more than that it was recent there is [`Recent`].
    ///
    /// While the user acts as another, it is their own proof that counts.
    ///
    /// # Errors
    ///
    /// They must prove again who they are, which
    /// [`Session::reauthenticate`](super::Session::reauthenticate) records.
    pub fn demand(&self, demanded: &StepUp) -> Result<(), StepUpRequired> {
        self.visit.insist_on_present();
        let is_met = self.look(|holding| holding.meets(demanded));
        if is_met { Ok(()) } else { Err(StepUpRequired { demanded: *demanded }) }
    }
}

/// The session of a signed-in user who has proved who they are at most `SECONDS` seconds ago, by the
/// database's clock.
///
/// A handler that asks for it is never called for anybody else: the answer is 401, as a
/// [`NotSignedIn`](super::NotSignedIn) or a [`StepUpRequired`] error. [`SignedIn::demand`] can demand more.
///
/// ```
/// use poem::handler;
/// use session_ledger::web::Recent;
///
/// #[handler]
/// fn change_password(session: Recent<300>) -> String {
///     format!("choose a new password, {}", session.user())
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Recent<const SECONDS: u32>(SignedIn);

impl<const SECONDS: u32> Recent<SECONDS> {
    /// A signed-in user's session, if their proof is recent.
    pub(crate) fn of(session: SignedIn) -> Result<Self, StepUpRequired> {
        session.demand(&StepUp::within(SECONDS))?;
        Ok(Self(session))
    }
}

impl<const SECONDS: u32> Deref for Recent<SECONDS> {
    type Target = SignedIn;

    fn deref(&self) -> &SignedIn {
        &self.0
    }
}
