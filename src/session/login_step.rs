//! The steps of logins: the events that say who is signed in to a session, with all that is asked of them.

use super::{Assurance, DecodeError, Entry, Event, UserId};

/// An event that says who is signed in to a session, or acts in it: a login, a re-authentication, the
/// beginning and the end of acting as somebody else. A login lasts until the next one of its session, or
/// until the session ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LoginStep<'a> {
    /// The event in its place.
    pub(crate) entry: &'a Entry,
    /// The user that the session acts as from then on.
    pub(crate) user: Option<UserId>,
    /// How the user proved who they are. None where nothing was proved.
    pub(crate) methods: Vec<String>,
    /// How much that proves. None where nothing was proved.
    pub(crate) assurance: Option<Assurance>,
}

impl<'a> LoginStep<'a> {
    /// The step that an entry is; none for an event about anything else, or of a shape that this version does
    /// not know. It follows from the entry alone.
    ///
    /// # Errors
    ///
    /// The event cannot be decoded.
    pub(crate) fn of(entry: &'a Entry) -> Result<Option<Self>, DecodeError> {
        if !is_step(entry) {
            return Ok(None);
        }
        let step = |user: Option<UserId>, methods, assurance| Self { entry, user, methods, assurance };
        Ok(match entry.event()? {
            Event::LoggedIn(fact) => Some(step(Some(fact.user), fact.methods, Some(fact.assurance))),
            Event::Reauthenticated(fact) => {
                Some(step(entry.user.clone(), fact.methods, Some(fact.assurance)))
            }
            Event::ImpersonationStarted(fact) => Some(step(Some(fact.user), Vec::new(), None)),
            Event::ImpersonationEnded(_) => Some(step(entry.user.clone(), Vec::new(), None)),
            Event::Started(_)
            | Event::ValueSet(_)
            | Event::ValueRemoved(_)
            | Event::Cleared(_)
            | Event::FlashAdded(_)
            | Event::FlashTaken(_)
            | Event::SettingsChanged(_)
            | Event::RenewalOffered(_)
            | Event::Renewed(_)
            | Event::ClientChanged(_)
            | Event::DeviceSeen(_)
            | Event::FactorChanged(_)
            | Event::GrantGiven(_)
            | Event::GrantTaken(_)
            | Event::Noted(_)
            | Event::Ended(_)
            | Event::Unknown(_) => None,
        })
    }
}

/// Whether an entry may be a step. Nothing is decoded: most events are about a session's values.
pub(crate) fn is_step(entry: &Entry) -> bool {
    matches!(
        entry.encoded.kind(),
        "logged_in" | "reauthenticated" | "impersonation_started" | "impersonation_ended"
    )
}
