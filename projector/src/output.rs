//! Lists of records, for people and for machines.

use std::pin::pin;

use comfy_table::{ContentArrangement, Table, presets};
use futures_util::{Stream, TryStreamExt};
use serde::{Serialize, Serializer};
use session_ledger::ledger;
use time::OffsetDateTime;

use crate::console::{escaped, harmless_line};
use crate::{Console, Error, words};

/// How much text is collected before it is written.
const PIECE_BYTES: usize = 64 * 1024;

/// How a list is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Aligned columns, for people.
    #[default]
    Table,
    /// One array of objects.
    Json,
    /// Comma-separated values with a line of headings (RFC 4180).
    Csv,
    /// One object a line.
    Ndjson,
}

/// A record of a list. Machines get all its fields by name, people a few columns.
pub trait Listed: Serialize {
    /// The headings of the columns for people.
    const HEADINGS: &'static [&'static str];

    /// The record's cells below these headings.
    fn cells(&self) -> Vec<String>;
}

/// Writes records in a format, as they come. Only a table holds all of them in memory. If a record cannot be
/// read, some of those before it have been written already.
///
/// # Errors
///
/// A record cannot be read, or the output cannot be written.
pub async fn write<R: Listed>(
    console: &mut Console<'_>,
    format: Format,
    records: impl Stream<Item = Result<R, ledger::Error>>,
) -> Result<(), Error> {
    match format {
        Format::Table => {
            // A column is as wide as its widest cell, which may be in the last record.
            let records: Vec<R> = records.try_collect().await?;
            Ok(console.print(&table(&records, console.out_is_terminal))?)
        }
        Format::Json => in_pieces(console, records, json, json_end).await,
        Format::Csv => in_pieces(console, records, csv, |_| "").await,
        Format::Ndjson => in_pieces(console, records, ndjson, |_| "").await,
    }
}

/// Writes a record's time for machines: RFC 3339 in UTC, with all its digits.
pub(crate) fn exact_time<S: Serializer>(at: &OffsetDateTime, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&words::exact(*at))
}

/// Writes a record's optional time as [`exact_time`] does, or null.
pub(crate) fn exact_time_if_any<S: Serializer>(
    at: &Option<OffsetDateTime>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    at.map(words::exact).serialize(serializer)
}

/// A table as wide as its cells. On a terminal it is as wide as that, and long cells take several lines.
fn table<R: Listed>(records: &[R], for_terminal: bool) -> String {
    if records.is_empty() {
        return String::new();
    }
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(R::HEADINGS.iter().copied());
    if for_terminal {
        table.set_content_arrangement(ContentArrangement::Dynamic);
    } else {
        table.force_no_tty();
    }
    for record in records {
        table.add_row(record.cells().iter().map(|cell| harmless_line(cell)));
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table.trim_fmt() + "\n"
}

/// Writes `one` for each record, and `end` for the end of a list that is empty or not. `one` learns whether
/// the record is the first.
async fn in_pieces<R>(
    console: &mut Console<'_>,
    records: impl Stream<Item = Result<R, ledger::Error>>,
    one: fn(&R, bool) -> Result<String, Error>,
    end: fn(bool) -> &'static str,
) -> Result<(), Error> {
    let mut records = pin!(records);
    let (mut piece, mut is_empty) = (String::new(), true);
    while let Some(record) = records.try_next().await? {
        piece += &one(&record, is_empty)?;
        is_empty = false;
        if piece.len() >= PIECE_BYTES {
            console.print(&piece)?;
            piece.clear();
        }
    }
    piece += end(is_empty);
    Ok(console.print(&piece)?)
}

/// An element of the array, and what stands before it. Texts in JSON have no line ends of their own.
fn json<R: Listed>(record: &R, is_first: bool) -> Result<String, Error> {
    let before = if is_first { "[" } else { "," };
    let element = escaped(&serde_json::to_string_pretty(record)?).replace('\n', "\n  ");
    Ok(format!("{before}\n  {element}"))
}

fn json_end(is_empty: bool) -> &'static str {
    if is_empty { "[]\n" } else { "\n]\n" }
}

/// A line, behind the headings if it is the first.
fn csv<R: Listed>(record: &R, is_first: bool) -> Result<String, Error> {
    let mut fields = csv::WriterBuilder::new().has_headers(is_first).from_writer(Vec::new());
    fields.serialize(record)?;
    let fields = fields.into_inner().map_err(|error| error.into_error())?;
    let mut lines = csv::Writer::from_writer(Vec::new());
    for line in csv::ReaderBuilder::new().has_headers(false).from_reader(&fields[..]).records() {
        lines.write_record(line?.iter().map(literal))?;
    }
    let lines = lines.into_inner().map_err(|error| error.into_error())?;
    Ok(String::from_utf8_lossy(&lines).into_owned())
}

/// The text of a cell, on one line and as nothing but text: a spreadsheet takes a cell that begins with one
/// of these characters for a formula, which a user agent or a note may hold (CWE-1236).
fn literal(cell: &str) -> String {
    let sign = if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { "'" } else { "" };
    sign.to_owned() + &escaped(cell).replace('\n', "\\u000a")
}

fn ndjson<R: Listed>(record: &R, _is_first: bool) -> Result<String, Error> {
    Ok(escaped(&serde_json::to_string(record)?) + "\n")
}
