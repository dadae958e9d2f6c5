//! What a request's transaction knows of its session, for the application's own statements in it.

use super::{Holding, SessionId, TokenHash, UserId};

/// The session and the people that the statements of a transaction are for. None: a visitor without a
/// session.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) session: Option<SessionId>,
    /// Whom the session acts as.
    pub(crate) user: Option<UserId>,
    /// Who acts, where that is not `user`.
    pub(crate) actor: Option<UserId>,
}

/// Whether a transaction is to know its session, and by which token its browser holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Marking {
    /// It is not: nobody has asked for it.
    Off,
    /// There is no token.
    Visitor,
    /// The token whose secret has this hash.
    Token(TokenHash),
}

impl Mark {
    /// The mark for a request, by what it holds now: with what it has wished so far.
    pub(crate) fn of(holding: &Holding) -> Self {
        if !holding.exists() {
            return Self::default();
        }
        let state = holding.state();
        let actor = state.content.extras.impersonated.as_ref().and(state.user.clone());
        Self { session: Some(holding.id()), user: state.acting_user().cloned(), actor }
    }
}
