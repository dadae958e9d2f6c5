//! Errors of a handler's use of its session.

use crate::plain_debug::plain_debug;
use crate::session::{DecodeError, EndReason, NoteError, SessionId, UserIdError, ValueError, WishError};
use crate::token::{RandomnessError, SealError};

/// A handler asked something of its session that cannot be done. The session is as it was.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum SessionError {
    /// A value cannot be read or written.
    #[error(transparent)]
    Value(#[from] ValueError),
    /// A fact of the application's own cannot be noted.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// A wish that cannot be granted: too large, nobody signed in …
    #[error(transparent)]
    Wish(#[from] WishError),
    /// The signed-in user's id is none of the application's type.
    #[error(transparent)]
    UserId(#[from] UserIdError),
    /// The session's stored state cannot be read. The session can be ended, and a login puts a new one in its
    /// place. Whatever else a handler asks of it, nothing of the request is committed.
    #[error("session {session} can be ended but not read: {error}")]
    Unreadable {
        /// The session.
        session: SessionId,
        /// Why it cannot be read.
        error: DecodeError,
    },
    /// The operating system gave no randomness for a new token.
    #[error(transparent)]
    Randomness(#[from] RandomnessError),
    /// A new token could not be sealed.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The handler is not behind the middleware.
    #[error(
        "the endpoint is not wrapped in the `Sessions` middleware: add `.with(Sessions::new(ledger, keys))`"
    )]
    NoMiddleware,
    /// A part of the request should be a transaction by itself, but the request has begun another.
    #[error(
        "`Session::transaction` needs a request that has neither a `Tx` nor changes of its session: call it first"
    )]
    TransactionOpen,
    /// A login in another tab has superseded the request's cookie a moment ago, so that the request did
    /// nothing.
    #[error(
        "a login has just superseded the cookie of the request, so that nothing was done: send it again with the \
         cookie that the browser has by now"
    )]
    Superseded,
    /// Visitors at this address have started too many sessions of late.
    #[error("too many sessions were started from this address within a minute, so that nothing was done")]
    TooManyStarts,
    /// The request is settled, and the session is not in the hands of its handler any more: a stream, a
    /// WebSocket or a task that goes on after the answer has asked it for a change.
    #[error(
        "the request of this session is over, so that nothing was done: in a stream or a task read a `snapshot()` of \
         the session, and change it with `Ledger::change`"
    )]
    Over,
    /// A run of the request panicked that was not its first one.
    #[error(
        "the request lost a race, and another run of it panicked: a middleware outside of `Sessions` may give the \
         request what another run lacks, as poem's `CookieJarManager` does: put it inside of `Sessions`"
    )]
    RunPanicked,
    /// The session that the request came with ended before a part of the request could be done for it.
    #[error(
        "the session ended while the request was under way, so that nothing was done: load the page again"
    )]
    Ended {
        /// Why it ended, if that is known.
        reason: Option<EndReason>,
    },
}

plain_debug!(SessionError);
