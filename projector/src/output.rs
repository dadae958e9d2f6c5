//! Lists of records, for people and for machines.

use std::pin::pin;

use comfy_table::{ColumnConstraint, ContentArrangement, Table, Width, presets};
use futures_util::{Stream, TryStreamExt};
use serde::{Serialize, Serializer};
use time::OffsetDateTime;

use crate::console::{escaped, harmless_line};
use crate::layout::{self, Wanted};
pub use crate::layout::{Column, whole, wrapped};
use crate::{Console, Error, words};

/// The blanks behind a column.
const PADDING: u16 = layout::GAP as u16;

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
    /// The columns for people.
    const COLUMNS: &'static [Column];

    /// The headings of columns that a narrow terminal does without, in the order in which they go. Columns
    /// without any content go before them.
    const DROPPED: &'static [&'static str];

    /// The record's cells in these columns.
    fn cells(&self) -> Vec<String>;
}

/// Writes records in a format, as they come. Only a table holds all of them in memory. If a record cannot be
/// read, some of those before it have been written already.
///
/// # Errors
///
/// A record cannot be read, or the output cannot be written.
pub async fn write<R: Listed, E>(
    console: &mut Console<'_>,
    format: Format,
    records: impl Stream<Item = Result<R, E>>,
) -> Result<(), Error>
where
    Error: From<E>,
{
    match format {
        Format::Table => {
            // A column is as wide as its widest cell, which may be in the last record.
            let records: Vec<R> = records.try_collect().await?;
            table(console, &records)
        }
        Format::Json => in_pieces(console, records, json, json_end).await,
        Format::Csv => in_pieces(console, records, csv, |_| "").await,
        Format::Ndjson => write_lines(console, records).await,
    }
}

/// Writes each record as one object on one line, as they come.
pub(crate) async fn write_lines<R: Serialize, E>(
    console: &mut Console<'_>,
    records: impl Stream<Item = Result<R, E>>,
) -> Result<(), Error>
where
    Error: From<E>,
{
    in_pieces(console, records, |record, _| ndjson(record), |_| "").await
}

/// How many characters a line of standard output has; none if that is no terminal.
pub fn terminal_columns() -> Option<usize> {
    Table::new().width().map(usize::from).filter(|columns| *columns > 0)
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

/// Writes a table as wide as its cells. On a terminal it is as wide as that at the most: long cells take
/// several lines, and if that is not enough, columns are left out, which a note says.
fn table<R: Listed>(console: &mut Console<'_>, records: &[R]) -> Result<(), Error> {
    if records.is_empty() {
        return Ok(());
    }
    let cells = |record: &R| record.cells().iter().map(|cell| harmless_line(cell)).collect();
    let rows: Vec<Vec<String>> = records.iter().map(cells).collect();
    let wanted = wanted::<R>(&rows);
    let widths = match console.out_columns {
        Some(room) => layout::widths(R::COLUMNS, &wanted, R::DROPPED, room),
        None => vec![Some(usize::MAX); R::COLUMNS.len()],
    };
    let text = arranged(R::COLUMNS, &rows, &widths);
    let (headings, rest) = text.split_once('\n').unwrap_or((&text, ""));
    console.print_bold(headings)?;
    console.print(&format!("\n{rest}\n"))?;
    let columns = R::COLUMNS.iter().zip(&widths).zip(&wanted);
    let left_out = columns.filter(|((_, width), wanted)| width.is_none() && !wanted.is_empty);
    let left_out: Vec<_> = left_out.map(|((column, _), _)| column.heading).collect();
    if !left_out.is_empty() {
        let left_out = left_out.join(", ");
        console.note(&format!("Left out in this narrow terminal: {left_out}. `--format csv` has all."))?;
    }
    Ok(())
}

/// The room that each column wants.
fn wanted<R: Listed>(rows: &[Vec<String>]) -> Vec<Wanted> {
    let width = |lines: &[&str]| {
        let mut table = Table::new();
        table.load_style(presets::NOTHING).add_row([lines.join("\n")]);
        table.column_max_content_widths().first().copied().unwrap_or_default().into()
    };
    let column = |(at, column): (usize, &Column)| {
        let cells = rows.iter().filter_map(|row| row.get(at)).map(String::as_str);
        let lines: Vec<_> = cells.chain([column.heading]).collect();
        let words: Vec<_> = lines.iter().flat_map(|line| line.split(' ')).collect();
        let is_empty = lines.iter().rev().skip(1).all(|cell| cell.is_empty());
        Wanted { widest: width(&lines), longest_word: width(&words), is_empty }
    };
    R::COLUMNS.iter().enumerate().map(column).collect()
}

/// The text of a table whose columns have these widths.
fn arranged(columns: &[Column], rows: &[Vec<String>], widths: &[Option<usize>]) -> String {
    let shown =
        |cells: Vec<String>| cells.into_iter().zip(widths).filter_map(|(cell, width)| width.map(|_| cell));
    let mut table = Table::new();
    table.load_style(presets::NOTHING).force_no_tty().set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(shown(columns.iter().map(|column| column.heading.to_owned()).collect()));
    for row in rows {
        table.add_row(shown(row.clone()));
    }
    for (column, width) in table.column_iter_mut().zip(widths.iter().flatten()) {
        column.set_padding((0, PADDING));
        if let Ok(width) = u16::try_from(*width) {
            column.set_constraint(ColumnConstraint::Absolute(Width::Fixed(width.saturating_add(PADDING))));
        }
    }
    table.trim_fmt()
}

/// Writes `one` for each record, and `end` for the end of a list that is empty or not. `one` learns whether
/// the record is the first.
async fn in_pieces<R, E>(
    console: &mut Console<'_>,
    records: impl Stream<Item = Result<R, E>>,
    one: fn(&R, bool) -> Result<String, Error>,
    end: fn(bool) -> &'static str,
) -> Result<(), Error>
where
    Error: From<E>,
{
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
fn json<R: Serialize>(record: &R, is_first: bool) -> Result<String, Error> {
    let before = if is_first { "[" } else { "," };
    let element = escaped(&serde_json::to_string_pretty(record)?).replace('\n', "\n  ");
    Ok(format!("{before}\n  {element}"))
}

fn json_end(is_empty: bool) -> &'static str {
    if is_empty { "[]\n" } else { "\n]\n" }
}

/// A line, behind the headings if it is the first.
pub(crate) fn csv<R: Serialize>(record: &R, is_first: bool) -> Result<String, Error> {
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

/// A line of NDJSON.
pub(crate) fn ndjson<R: Serialize>(record: &R) -> Result<String, Error> {
    Ok(escaped(&serde_json::to_string(record)?).into_owned() + "\n")
}
