//! Files of what a page lists: CSV for spreadsheets, NDJSON for programs.

use futures_util::{Stream, StreamExt, TryStreamExt};
use poem::http::header;
use poem::web::Query;
use poem::{Response, Result, handler};
use serde::{Deserialize, Serialize};
use session_ledger::ledger::QuestionError;
use session_ledger::session::{EventFilter, FailedLoginFilter, LoginFilter};

use super::AtDesk;
use super::network::network;
use crate::serve::access::Viewer;
use crate::serve::refusal::{Refusal, unanswered};
use crate::serve::when;
use crate::{Error, failed_logins, history, logins, output};

/// The most lines of a file. The commands of the projector know no such bound.
const LINES_MAX: usize = 10_000;

/// What is listed.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum What {
    Logins,
    Failures,
    Events,
}

/// How it is written.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Format {
    Csv,
    Ndjson,
}

#[derive(Deserialize)]
pub(crate) struct Wanted {
    what: What,
    format: Format,
    user: Option<String>,
    address: Option<String>,
    /// The moment at which logins lasted.
    at: Option<String>,
    kind: Option<String>,
}

#[handler]
pub(crate) async fn file(viewer: Viewer, desk: AtDesk<'_>, Query(wanted): Query<Wanted>) -> Result<Response> {
    viewer.looks_at(&format!("an export: {}", wanted.in_words()))?;
    let format = wanted.format;
    let text = match wanted.what {
        What::Logins => {
            let found = desk.ledger.logins_stream(wanted.logins()?);
            text(format, found.map_ok(logins::Line::from)).await?
        }
        What::Failures => {
            let found = desk.ledger.failed_logins_stream(wanted.failures()?);
            text(format, found.map_ok(failed_logins::Line::from)).await?
        }
        What::Events => {
            let found = desk.ledger.events_stream(wanted.events()?);
            let is_csv = matches!(format, Format::Csv);
            text(format, found.map_ok(|recorded| history::Step::new(&recorded, is_csv))).await?
        }
    };
    let (kind, end) = match format {
        Format::Csv => ("text/csv; charset=utf-8", "csv"),
        Format::Ndjson => ("application/x-ndjson", "ndjson"),
    };
    let name = format!("attachment; filename=\"{}.{end}\"", wanted.what.as_str());
    let file = Response::builder().content_type(kind).header(header::CONTENT_DISPOSITION, name);
    Ok(file.body(text))
}

impl What {
    fn as_str(self) -> &'static str {
        match self {
            Self::Logins => "logins",
            Self::Failures => "failed-logins",
            Self::Events => "events",
        }
    }
}

impl Wanted {
    fn in_words(&self) -> String {
        let parts =
            [("user", &self.user), ("network", &self.address), ("at", &self.at), ("of kind", &self.kind)];
        let parts = parts.iter().filter_map(|(name, value)| Some(format!(" {name} {}", value.as_deref()?)));
        parts.fold(self.what.as_str().to_owned(), |all, part| all + &part)
    }

    fn logins(&self) -> Result<LoginFilter> {
        let mut filter = LoginFilter::all();
        if let Some(user) = &self.user {
            filter = filter.of_user(user.as_str());
        }
        if let Some(address) = &self.address {
            filter = filter.from_network(network(address).ok_or_else(no_network)?);
        }
        if let Some(at) = &self.at {
            let unclear =
                || Refusal::unclear("The time must look like 2026-03-04T17:20, and is taken as UTC.");
            filter = filter.open_at(when::read_field(at).ok_or_else(unclear)?);
        }
        Ok(filter)
    }

    fn failures(&self) -> Result<FailedLoginFilter> {
        let mut filter = FailedLoginFilter::all();
        if let Some(user) = &self.user {
            filter = filter.of_user(user.as_str());
        }
        if let Some(address) = &self.address {
            filter = filter.from_network(network(address).ok_or_else(no_network)?);
        }
        Ok(filter)
    }

    fn events(&self) -> Result<EventFilter> {
        let Some(user) = &self.user else {
            return Err(Refusal::unclear("Say of which user the events are.").into());
        };
        let filter = EventFilter::of_user(user.as_str());
        Ok(match self.kind.as_deref().filter(|kind| !kind.is_empty()) {
            Some(kind) => filter.kind(kind),
            None => filter,
        })
    }
}

fn no_network() -> Refusal {
    Refusal::unclear("That is neither an address nor a network.")
}

/// The lines of all records. A file that lacks some would be taken for the whole.
async fn text<R: Serialize>(
    format: Format,
    records: impl Stream<Item = Result<R, QuestionError>>,
) -> Result<String> {
    let records: Vec<R> = records.take(LINES_MAX + 1).try_collect().await.map_err(unanswered)?;
    if records.len() > LINES_MAX {
        let told = format!(
            "That would be more than {LINES_MAX} lines. The projector's commands write files of any length, with \
             --format csv or ndjson."
        );
        return Err(Refusal::unclear(told).into());
    }
    let line = |(nth, record): (usize, &R)| match format {
        Format::Csv => output::csv(record, nth == 0),
        Format::Ndjson => output::ndjson(record),
    };
    let lines: Result<String, Error> = records.iter().enumerate().map(line).collect();
    lines.map_err(|error| poem::error::InternalServerError(std::io::Error::other(error.to_string())))
}
