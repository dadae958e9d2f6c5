//! The pages, one module for each.

pub(crate) mod cart;
pub(crate) mod catalogue;
pub(crate) mod devices;
pub(crate) mod history;
pub(crate) mod login;
pub(crate) mod orders;

use askama::Template;
use poem::error::InternalServerError;
use poem::web::{Html, Redirect};
use poem::{IntoResponse, Response, Result};

/// A page's text.
fn render(template: &impl Template) -> Result<Html<String>> {
    template.render().map(Html).map_err(InternalServerError)
}

/// A redirect after a change, so that reloading the page does not repeat it.
fn to(path: &str) -> Response {
    Redirect::see_other(path).into_response()
}
