//! Who may use the console, and what they are noted to have done.

use poem::http::StatusCode;
use poem::{FromRequest, Request, RequestBody, Result};
use session_ledger::session::UserId;
use session_ledger::web::SignedIn;
use std::sync::Arc;

use super::desk::Desk;
use super::refusal::Refusal;
use super::users::{NOBODYS, Role, User, UserFile, UsersError};

/// Before the names of the console's users, so that they are no users of the application.
const PREFIX: &str = "console:";

/// The notes in the session of a console's user.
const LOOKED_AT: &str = "looked at";
const ENDED: &str = "ended";

/// The most characters of what a note names.
const NOTE_CHARS_MAX: usize = 500;

/// Who may use the console.
#[derive(Debug)]
pub(super) enum Access {
    /// Whoever reaches it: it listens on this machine alone.
    Local {
        may_end: bool,
    },
    Users(UserFile),
}

impl Access {
    /// Makes sure that the users can be read.
    pub(super) fn check(&self) -> Result<(), UsersError> {
        match self {
            Self::Local { .. } => Ok(()),
            Self::Users(file) => file.read().map(drop),
        }
    }

    /// The user of a name, if that may sign in with a password.
    pub(super) fn user(&self, name: &str) -> Result<Option<User>, UsersError> {
        match self {
            Self::Local { .. } => Ok(None),
            Self::Users(file) => Ok(file.read()?.into_iter().find(|user| user.name == name)),
        }
    }

    /// What the user of a name may do now; none if that may nothing, or no longer.
    pub(super) fn role(&self, name: &str) -> Result<Option<Role>, UsersError> {
        match self {
            Self::Local { may_end: true } => Ok((name == NOBODYS).then_some(Role::Ender)),
            Self::Local { may_end: false } => Ok((name == NOBODYS).then_some(Role::Reader)),
            Self::Users(_) => Ok(self.user(name)?.map(|user| user.role)),
        }
    }

    pub(super) fn asks_password(&self) -> bool {
        matches!(self, Self::Users(_))
    }
}

/// The id of the console's user of this name.
pub(super) fn user_id(name: &str) -> UserId {
    UserId::from(format!("{PREFIX}{name}"))
}

/// Somebody who is signed in to the console and may still be.
pub(super) struct Viewer {
    pub(super) session: SignedIn,
    pub(super) name: String,
    pub(super) role: Role,
}

impl<'a> FromRequest<'a> for Viewer {
    async fn from_request(request: &'a Request, body: &mut RequestBody) -> Result<Self> {
        let session = SignedIn::from_request(request, body).await?;
        let desk = request.data::<Arc<Desk>>().ok_or(StatusCode::INTERNAL_SERVER_ERROR)?;
        let name = session.user().as_str().strip_prefix(PREFIX).map(str::to_owned);
        let Some(name) = name else {
            return Err(
                Refusal::forbidden("You are signed in as somebody who is no user of the console.").into()
            );
        };
        match desk.access.role(&name).map_err(Refusal::from)? {
            Some(role) => Ok(Self { session, name, role }),
            None => {
                Err(Refusal::forbidden("Your name is not among the users of the console any more.").into())
            }
        }
    }
}

impl Viewer {
    pub(super) fn id(&self) -> &UserId {
        self.session.user()
    }

    pub(super) fn may_end(&self) -> bool {
        self.role == Role::Ender
    }

    /// Refuses whoever may only read.
    pub(super) fn must_end(&self) -> Result<()> {
        if self.may_end() {
            return Ok(());
        }
        Err(Refusal::forbidden("You may read here, but not end sessions.").into())
    }

    /// Notes in the viewer's own session what the page shows. The page leaves only if the note is committed.
    pub(super) fn looks_at(&self, what: &str) -> Result<()> {
        self.note(LOOKED_AT, what)
    }

    /// Notes in the viewer's own session what was ended, and why.
    pub(super) fn has_ended(&self, what: &str) -> Result<()> {
        self.note(ENDED, what)
    }

    fn note(&self, name: &str, what: &str) -> Result<()> {
        let what: String = what.chars().take(NOTE_CHARS_MAX).collect();
        Ok(self.session.note_text(name, &what)?)
    }
}
