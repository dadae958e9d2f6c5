//! The frame that every page has around its own content.

use poem::Result;
use session_ledger::session::{EndReason, Flash};
use session_ledger::web::Session;

use crate::cart::CART;

/// The queue of messages for the next page.
pub(crate) const NOTICES: &str = "notices";

/// The head of a page: the signed-in user, the number of items in the cart, and the waiting messages.
pub(crate) struct Frame {
    /// The path of the page, so that the navigation can mark it.
    pub(crate) here: &'static str,
    /// Whether the visitor's session was looked at. An error may have come before that.
    pub(crate) is_visitor_known: bool,
    pub(crate) user: Option<String>,
    pub(crate) items: u32,
    pub(crate) notices: Vec<Flash>,
    /// The message about the ended session that the browser came with.
    pub(crate) ended: Option<&'static str>,
}

impl Frame {
    /// The frame of a page that shows the waiting messages.
    pub(crate) fn new(session: &Session, here: &'static str) -> Result<Self> {
        Ok(Self { notices: session.take_flash(NOTICES)?, ..Self::without_notices(session, here)? })
    }

    /// The frame of a page that may never be shown, so that messages have to wait.
    pub(crate) fn without_notices(session: &Session, here: &'static str) -> Result<Self> {
        let items = session.get(&CART)?.map_or(0, |cart| cart.items());
        let user = session.user().map(|user| user.to_string());
        let ended = session.why_ended().and_then(|reason| farewell(&reason));
        Ok(Self { here, is_visitor_known: true, user, items, notices: Vec::new(), ended })
    }

    /// The frame of a page for somebody whose session is not known: the navigation that everybody has.
    pub(crate) fn of_stranger() -> Self {
        Self { here: "", is_visitor_known: false, user: None, items: 0, notices: Vec::new(), ended: None }
    }
}

/// The message for a visitor whose session has ended. None after a logout: the visitor knows already.
fn farewell(reason: &EndReason) -> Option<&'static str> {
    match reason {
        EndReason::LoggedOut | EndReason::Discarded | EndReason::UserSwitched => None,
        EndReason::Revoked => Some("You were signed out of this browser from another device."),
        EndReason::IdleTimeout => Some("You were away for long, so you were signed out."),
        EndReason::AbsoluteTimeout => Some("Your last login was long ago, so you were signed out."),
        EndReason::ClientChanged => {
            Some("Your session was used from somewhere else, so it was ended to protect you.")
        }
        EndReason::TokenReplayed => {
            Some("Your session turned up in two places at once, so it was ended to protect you.")
        }
        _ => Some("Your session has ended."),
    }
}
