//! Logins from an address or a network.

use std::net::IpAddr;

use askama::Template;
use poem::web::Query;
use poem::{Response, Result, handler};
use serde::Deserialize;
use session_ledger::session::{FailedLoginFilter, LoginFilter};
use session_ledger::web::IpNet;

use super::{AtDesk, LINES_MAX, page, unknown};
use crate::serve::access::Viewer;
use crate::serve::frame::Frame;
use crate::serve::lines::{FailureLine, LoginLine};
use crate::serve::refusal::unanswered;
use crate::serve::{told, url};

#[derive(Template)]
#[template(path = "network.html")]
struct NetworkPage {
    frame: Frame,
    network: String,
    encoded: String,
    logins: Vec<LoginLine>,
    older: Option<String>,
    failures: Vec<FailureLine>,
    older_failures: Option<String>,
    is_later_page: bool,
}

#[derive(Deserialize)]
pub(crate) struct Wanted {
    address: String,
    cursor: Option<String>,
    /// The cursor of a page of failed logins.
    failures: Option<String>,
}

#[handler]
pub(crate) async fn show(
    viewer: Viewer,
    desk: AtDesk<'_>,
    Query(Wanted { address, cursor, failures }): Query<Wanted>,
) -> Result<Response> {
    let Some(network) = network(&address) else {
        viewer.looks_at(&format!("network {address}"))?;
        let told = format!("“{}” is neither an address nor a network.", told::text(&address));
        return unknown(&viewer, &told, "They look like 192.0.2.7, 192.0.2.0/24 or 2001:db8::/32.");
    };
    let named = if network.prefix_len() == network.max_prefix_len() {
        network.addr().to_string()
    } else {
        network.to_string()
    };
    viewer.looks_at(&format!("network {named}"))?;
    let filter = LoginFilter::all().from_network(network);
    let found = desk.ledger.logins_page(&filter, cursor.as_deref(), LINES_MAX).await.map_err(unanswered)?;
    let filter = FailedLoginFilter::all().from_network(network);
    let failed = desk.ledger.failed_logins_page(&filter, failures.as_deref(), LINES_MAX).await;
    let failed = failed.map_err(unanswered)?;
    page(&NetworkPage {
        frame: Frame::of(&viewer, "search")?,
        encoded: url::encoded(&named),
        network: named,
        logins: found.logins.iter().map(LoginLine::of).collect(),
        older: found.next,
        failures: failed.failed_logins.iter().map(FailureLine::of).collect(),
        older_failures: failed.next,
        is_later_page: cursor.is_some() || failures.is_some(),
    })
}

/// The network that a text means, or the one of an address alone.
pub(super) fn network(text: &str) -> Option<IpNet> {
    let text = text.trim();
    text.parse::<IpAddr>().ok().map(IpNet::from).or_else(|| text.parse().ok()).map(|network| network.trunc())
}
