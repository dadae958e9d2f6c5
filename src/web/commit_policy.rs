//! Whether a request's changes are kept.

use poem::{Response, Result};

/// The default rule; the table in the [module](super) spells it out.
pub(super) fn commits(result: &Result<Response>) -> bool {
    match result {
        Ok(response) => !response.status().is_server_error(),
        Err(error) => error.status().is_redirection(),
    }
}
