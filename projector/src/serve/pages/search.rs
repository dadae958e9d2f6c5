//! The first page: one box for a user, an address, a network or a session.

use std::net::IpAddr;

use askama::Template;
use poem::web::Query;
use poem::{Response, Result, handler};
use serde::Deserialize;
use session_ledger::session::{LoginFilter, SessionId};
use session_ledger::web::IpNet;

use super::{AtDesk, page, to};
use crate::serve::access::Viewer;
use crate::serve::frame::Frame;
use crate::serve::lines::LoginLine;
use crate::serve::refusal::unanswered;
use crate::serve::url;

/// How many logins the first page lists.
const LATEST_MAX: u32 = 10;

#[derive(Template)]
#[template(path = "home.html")]
struct Home {
    frame: Frame,
    logins: Vec<LoginLine>,
}

#[derive(Deserialize)]
pub(crate) struct Wanted {
    #[serde(default)]
    q: String,
}

#[handler]
pub(crate) async fn home(viewer: Viewer, desk: AtDesk<'_>) -> Result<Response> {
    let found = desk.ledger.logins_page(&LoginFilter::all(), None, LATEST_MAX).await.map_err(unanswered)?;
    viewer.looks_at("the latest logins")?;
    let logins = found.logins.iter().map(LoginLine::of).collect();
    page(&Home { frame: Frame::of(&viewer, "search")?, logins })
}

/// Leads to the page of what is looked for. That page notes it.
#[handler]
pub(crate) fn find(_viewer: Viewer, Query(Wanted { q }): Query<Wanted>) -> Result<Response> {
    Ok(to(&meant(q.trim())))
}

/// The page that a text means: by its form a session, an address or a network, else a user.
fn meant(text: &str) -> String {
    if text.is_empty() {
        "/".to_owned()
    } else if let Ok(session) = text.parse::<SessionId>() {
        format!("/sessions/{session}")
    } else if text.parse::<IpAddr>().is_ok() || text.parse::<IpNet>().is_ok() {
        format!("/network?address={}", url::encoded(text))
    } else {
        url::user(text)
    }
}

#[test]
fn a_text_means_a_page_by_its_form() {
    for (text, address) in [
        ("", "/"),
        ("0198b5c2-7a30-7cc3-98c4-dc0c0c07398f", "/sessions/0198b5c2-7a30-7cc3-98c4-dc0c0c07398f"),
        ("0198B5C27A307CC398C4DC0C0C07398F", "/sessions/0198b5c2-7a30-7cc3-98c4-dc0c0c07398f"),
        ("192.0.2.7", "/network?address=192.0.2.7"),
        ("2001:db8::/32", "/network?address=2001%3Adb8%3A%3A%2F32"),
        ("192.0.2.7/99", "/users?name=192.0.2.7%2F99"),
        ("alice", "/users?name=alice"),
        ("<b>&x", "/users?name=%3Cb%3E%26x"),
    ] {
        assert_eq!(meant(text), address);
    }
}
