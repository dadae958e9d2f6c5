//! The settings of the middleware, checked and ready, and what they make of a request.

use poem::http::header;
use poem::{Request, Result};

use super::exempt::Exempt;
use super::proof::proof_of;
use crate::request::Incident;
use crate::request::forgery::{Forged, Rule, Verdict};
use crate::request::form::FormProof;
use crate::web::extract::reception_of;

/// The most bytes of a foreign `Origin` that an incident tells: it is the client's word.
const ORIGIN_BYTES_MAX: usize = 200;

/// The settings of [`Csrf`](super::Csrf).
#[derive(Default)]
pub(super) struct Settings {
    pub(super) rule: Rule,
    /// Whether a request that its headers let pass must bring the token of its session, if it has one.
    pub(super) asks_token: bool,
    pub(super) is_log_only: bool,
    pub(super) exempt: Option<Exempt>,
}

impl Settings {
    /// Checks a request before a handler sees it. Says whether the answer depends on where it comes from.
    ///
    /// # Errors
    ///
    /// [`Forged`]: it may come from another site. Or the middleware does not stand within `Sessions`, or the
    /// session could not be loaded.
    pub(super) async fn check(&self, request: &mut Request) -> Result<bool> {
        reception_of(request)?;
        let verdict = self.rule.judge(request.method(), request.uri(), request.headers());
        let forged = match verdict {
            Verdict::Safe => return Ok(false),
            Verdict::Foreign(forged) => Some(forged),
            Verdict::Own if !self.asks_token => None,
            Verdict::Own => lacking(proof_of(request).await?),
            Verdict::Unsure => doubtful(proof_of(request).await?),
        };
        match forged {
            None => Ok(true),
            Some(forged) => self.refuse(request, forged).map(|()| true),
        }
    }

    fn refuse(&self, request: &Request, cause: Forged) -> Result<()> {
        let is_refused = !self.is_log_only;
        let visit = reception_of(request)?.visit_of(request)?;
        visit.report(|client| Incident::RequestForged {
            client,
            cause,
            origin: origin_of(request),
            is_refused,
        });
        if is_refused { Err(cause.into()) } else { Ok(()) }
    }
}

/// What a request lacks that must bring the token of its session.
fn lacking(proof: FormProof) -> Option<Forged> {
    match proof {
        FormProof::Right | FormProof::NoSession => None,
        FormProof::Missing => Some(Forged::NoToken),
        FormProof::Wrong => Some(Forged::WrongToken),
    }
}

/// What a request lacks of which nothing but its token can say where it comes from.
fn doubtful(proof: FormProof) -> Option<Forged> {
    match proof {
        FormProof::Right => None,
        FormProof::Missing | FormProof::NoSession => Some(Forged::SiteUnknown),
        FormProof::Wrong => Some(Forged::WrongToken),
    }
}

fn origin_of(request: &Request) -> Option<String> {
    let origin = request.headers().get(header::ORIGIN)?.as_bytes();
    Some(String::from_utf8_lossy(&origin[..origin.len().min(ORIGIN_BYTES_MAX)]).into_owned())
}
