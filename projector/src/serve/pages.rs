//! The pages, one module for each.

pub(super) mod activity;
pub(super) mod ending;
pub(super) mod events;
pub(super) mod export;
pub(super) mod login;
pub(super) mod network;
pub(super) mod rows;
pub(super) mod search;
pub(super) mod session;
pub(super) mod state;
pub(super) mod tail;
pub(super) mod user;
pub(super) mod who;

use std::sync::Arc;

use askama::Template;
use poem::error::InternalServerError;
use poem::http::StatusCode;
use poem::web::{Data, Html, Redirect};
use poem::{IntoResponse, Response, Result};

use super::access::Viewer;
use super::desk::Desk;
use super::frame::Frame;

/// What every page has at hand.
type AtDesk<'a> = Data<&'a Arc<Desk>>;

/// How many lines a page of logins or sessions has.
const LINES_MAX: u32 = 50;

/// A page.
fn page(template: &impl Template) -> Result<Response> {
    Ok(Html(template.render().map_err(InternalServerError)?).into_response())
}

/// A redirect after a change, so that reloading the page does not repeat it.
fn to(address: &str) -> Response {
    Redirect::see_other(address).into_response()
}

/// Nothing is known of what somebody looks for.
#[derive(Template)]
#[template(path = "unknown.html")]
struct Unknown<'a> {
    frame: Frame,
    what: &'a str,
    advice: &'a str,
}

fn unknown(viewer: &Viewer, what: &str, advice: &str) -> Result<Response> {
    let frame = Frame::of(viewer, "search")?;
    Ok(page(&Unknown { frame, what, advice })?.with_status(StatusCode::NOT_FOUND).into_response())
}
