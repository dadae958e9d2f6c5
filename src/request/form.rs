//! Tokens for the forms of a session's pages.

use rand::rngs::SysRng;

use super::{Session, SessionError};
use crate::token::FormToken;

/// How a request fares whose form should carry a token of its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FormProof {
    /// The request has no session, so nothing is done in anybody's name.
    NoSession,
    /// It brings no token.
    Missing,
    /// Its token is not of this session, or no longer.
    Wrong,
    Right,
}

impl Session {
    /// A token for the forms of this page, under a new mask each time. It goes with the session's cookie: a
    /// login and a renewal replace both. To read it makes no session and no cookie, and costs no query.
    ///
    /// Only where [`Csrf`](crate::web::Csrf) asks for tokens are they needed. None for a visitor without a
    /// stored session, who has nothing yet that a forged request could touch, and in the answer that starts
    /// the session. A form that was open over a login must be loaded again; over one renewal it is taken
    /// however late it comes.
    ///
    /// ```
    /// use poem::web::Html;
    /// use poem::{Result, handler};
    /// use session_ledger::token::FormToken;
    /// use session_ledger::web::Session;
    ///
    /// #[handler]
    /// fn page(session: Session) -> Result<Html<String>> {
    ///     let hidden = session.form_token()?.as_ref().map(FormToken::field).unwrap_or_default();
    ///     Ok(Html(format!(r#"<form method="post" action="/order">{hidden}<button>Order</button></form>"#)))
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// There is no randomness for the mask.
    #[doc(alias("csrf_token", "get_csrf_token", "new_csrf_token", "get_token"))]
    pub fn form_token(&self) -> Result<Option<FormToken>, SessionError> {
        let bound = self.look(|holding| holding.form_hash().map(|hash| (holding.id(), hash)));
        let Some((id, hash)) = bound else { return Ok(None) };
        Ok(self.visit.shared.sealer.form_token(id, hash, &mut SysRng)?)
    }

    /// Checks the token that a form has brought.
    pub(crate) fn prove_form(&self, text: Option<&[u8]>) -> FormProof {
        let (id, hashes) = self.look(|holding| (holding.id(), holding.form_hashes()));
        match text {
            _ if hashes.is_empty() => FormProof::NoSession,
            None => FormProof::Missing,
            Some(text) if self.visit.shared.sealer.knows_form_token(text, id, &hashes) => FormProof::Right,
            Some(_) => FormProof::Wrong,
        }
    }
}
