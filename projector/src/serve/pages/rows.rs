//! What a session did: the rows of the application's tables that it wrote.

use askama::Template;
use poem::web::Path;
use poem::{Response, Result, handler};
use session_ledger::session::SessionId;

use super::{AtDesk, page, unknown};
use crate::did;
use crate::serve::access::Viewer;
use crate::serve::frame::Frame;
use crate::serve::lines::short;
use crate::serve::refusal::Refusal;
use crate::serve::told;

/// The most rows of each table.
const ROWS_MAX: u32 = 100;

#[derive(Template)]
#[template(path = "rows.html")]
struct RowsPage {
    frame: Frame,
    id: SessionId,
    short: String,
    tables: Vec<Table>,
}

/// The rows of a table.
struct Table {
    name: String,
    /// Each in JSON, without the fields that are hidden.
    rows: Vec<String>,
    has_more: bool,
}

#[handler]
pub(crate) async fn show(viewer: Viewer, desk: AtDesk<'_>, Path(id): Path<String>) -> Result<Response> {
    let Ok(id) = id.parse::<SessionId>() else {
        return unknown(&viewer, "That is no session’s id.", "Look for its user or address.");
    };
    if desk.tables.is_empty() {
        let advice = "Start it with --table, which says what column of a table holds the ids of sessions.";
        return unknown(&viewer, "The console knows no table of the application.", advice);
    }
    viewer.looks_at(&format!("rows that session {id} wrote"))?;
    let found = did::rows_of(&desk.ledger, id, &desk.tables, ROWS_MAX).await;
    let tables = found.map_err(|error| match error {
        crate::Error::Store(error) => error.into(),
        other => poem::Error::from(Refusal::unclear(told::text(&other.to_string()))),
    })?;
    let tables = tables.into_iter().map(|written| Table {
        name: told::text(&written.table),
        rows: written.rows.iter().map(|row| told::text(&did::shown(row, &desk.hidden).to_string())).collect(),
        has_more: written.has_more,
    });
    page(&RowsPage { frame: Frame::of(&viewer, "search")?, id, short: short(id), tables: tables.collect() })
}
