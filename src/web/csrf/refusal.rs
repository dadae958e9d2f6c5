//! The answer to a request that is refused: a status, and a sentence that gives nothing away (ASVS 16.5.1).

use poem::Response;
use poem::error::ResponseError;
use poem::http::{StatusCode, header};

use super::VARY;
use crate::request::Forged;

impl ResponseError for Forged {
    fn status(&self) -> StatusCode {
        StatusCode::FORBIDDEN
    }

    fn as_response(&self) -> Response {
        let text = match self {
            Self::AnotherSite | Self::AnotherOrigin => {
                "This was sent from another site, so nothing was done."
            }
            Self::SiteUnknown | Self::NoToken | Self::WrongToken => {
                "Nothing was done. Please load the page again and send this once more."
            }
        };
        let answer = Response::builder().status(self.status()).header(header::VARY, VARY);
        answer.content_type("text/plain; charset=utf-8").body(text)
    }
}
