//! The frame that every page has around its own content.

use poem::Result;
use session_ledger::session::{EndReason, Flash};

use super::access::Viewer;
use super::files;

/// The queue of messages for the next page.
pub(super) const NOTICES: &str = "notices";

/// The head of a page: who is signed in, and the waiting messages.
pub(super) struct Frame {
    /// The part of the console, so that the navigation can mark it.
    pub(super) here: &'static str,
    pub(super) viewer: Option<Name>,
    pub(super) notices: Vec<Flash>,
    pub(super) style: &'static str,
    pub(super) script: &'static str,
}

/// Who is signed in.
pub(super) struct Name {
    pub(super) name: String,
    pub(super) role: &'static str,
}

impl Frame {
    pub(super) fn of(viewer: &Viewer, here: &'static str) -> Result<Self> {
        let name = Name { name: viewer.name.clone(), role: viewer.role.as_str() };
        let notices = viewer.session.take_flash(NOTICES)?;
        Ok(Self { here, viewer: Some(name), notices, ..Self::of_stranger() })
    }

    /// The frame of a page for somebody who is not signed in, or not known to be.
    pub(super) fn of_stranger() -> Self {
        Self {
            here: "",
            viewer: None,
            notices: Vec::new(),
            style: files::style_address(),
            script: files::script_address(),
        }
    }
}

/// The message for somebody whose session has ended. None after a logout.
pub(super) fn farewell(reason: &EndReason) -> Option<&'static str> {
    match reason {
        EndReason::LoggedOut | EndReason::Discarded | EndReason::UserSwitched => None,
        EndReason::IdleTimeout => Some("You were away for 15 minutes, so you were signed out."),
        EndReason::AbsoluteTimeout => Some("Your last login was 8 hours ago, so you were signed out."),
        EndReason::Revoked => Some("Somebody has ended your session."),
        _ => Some("Your session has ended."),
    }
}
