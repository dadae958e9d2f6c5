//! What only optional features remember of a session, so that a session without them does not pay for it.

use std::ops::Deref;

use serde::{Deserialize, Deserializer, Serialize};
use time::OffsetDateTime;

use super::proof::{Grant, Proof};
use super::{DeviceId, KnownClients, UserId};

/// What a session holds for optional features. While that is nothing it is one byte of the session's row, and
/// takes no memory of its own.
///
/// It reads like an [`ExtraState`]. An empty one is never kept, so equal sessions have equal bytes.
///
/// ```
/// # use session_ledger::session::Extras;
/// let mut extras = Extras::default();
/// extras.change(|state| state.remembered = Some(86_400));
/// assert_eq!(extras.remembered, Some(86_400));
/// extras.change(|state| state.remembered = None);
/// assert_eq!(extras, Extras::default());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Extras(Option<Box<ExtraState>>);

/// What optional features remember of a session. A feature that comes later adds its fields here, with a new
/// shape of the state column.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ExtraState {
    /// The user that the signed-in user acts as.
    pub impersonated: Option<UserId>,
    /// The clients from which the session was used since its user last proved who they are, if it was used
    /// from several.
    pub clients: KnownClients,
    /// Whether the user must prove again who they are before they count as signed in.
    pub step_up: bool,
    /// The browser of the last login, where device cookies are in use.
    pub device: Option<DeviceId>,
    /// The session's own seconds between renewals of its token; none for the policy's.
    pub renewal_timeout: Option<u32>,
    /// For how many seconds the browser keeps the cookie after a use; none until it closes.
    pub remembered: Option<u32>,
    /// When that changed last.
    #[serde(with = "super::stored_superseded::moment")]
    pub remembered_at: Option<OffsetDateTime>,
    /// When the token on offer was made; if none is, when the present one was, if that was before it became
    /// the present one.
    #[serde(with = "super::stored_superseded::moment")]
    pub offered_at: Option<OffsetDateTime>,
    /// When the user proved who they are, as an identity provider says, if that was before they logged in
    /// here.
    #[serde(with = "super::stored_superseded::moment")]
    pub auth_time: Option<OffsetDateTime>,
    /// The methods that were proved before the latest proof and not with it.
    pub proofs: Vec<Proof>,
    /// What the user may do once, the latest last.
    pub grants: Vec<Grant>,
}

/// What a session without extras reads as.
static NOTHING: ExtraState = ExtraState {
    impersonated: None,
    clients: KnownClients::NONE,
    step_up: false,
    device: None,
    renewal_timeout: None,
    remembered: None,
    remembered_at: None,
    offered_at: None,
    auth_time: None,
    proofs: Vec::new(),
    grants: Vec::new(),
};

impl Extras {
    /// Changes what optional features remember.
    pub fn change(&mut self, change: impl FnOnce(&mut ExtraState)) {
        match &mut self.0 {
            Some(state) => {
                change(state);
                self.0.take_if(|state| **state == NOTHING);
            }
            None => {
                let mut state = NOTHING.clone();
                change(&mut state);
                *self = state.into();
            }
        }
    }
}

impl Deref for Extras {
    type Target = ExtraState;

    fn deref(&self) -> &ExtraState {
        self.0.as_deref().unwrap_or(&NOTHING)
    }
}

impl From<ExtraState> for Extras {
    fn from(state: ExtraState) -> Self {
        Self((state != NOTHING).then(|| Box::new(state)))
    }
}

impl<'de> Deserialize<'de> for Extras {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(Option::<Box<ExtraState>>::deserialize(deserializer)?.filter(|state| **state != NOTHING)))
    }
}
