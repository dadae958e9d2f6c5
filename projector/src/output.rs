//! Lists of records, for people and for machines.

use comfy_table::{ContentArrangement, Table, presets};
use serde::{Serialize, Serializer};
use time::OffsetDateTime;

use crate::console::harmless_line;
use crate::{Console, Error, words};

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

/// Writes records in a format.
///
/// # Errors
///
/// The output cannot be written.
pub fn write<R: Listed>(console: &mut Console<'_>, format: Format, records: &[R]) -> Result<(), Error> {
    let text = match format {
        Format::Table if records.is_empty() => String::new(),
        Format::Table => table(records, console.out_is_terminal),
        Format::Json => serde_json::to_string_pretty(records)? + "\n",
        Format::Csv => csv(records)?,
        Format::Ndjson => ndjson(records)?,
    };
    Ok(console.print(&text)?)
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

fn csv<R: Listed>(records: &[R]) -> Result<String, Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    records.iter().try_for_each(|record| writer.serialize(record))?;
    let bytes = writer.into_inner().map_err(|error| error.into_error())?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn ndjson<R: Listed>(records: &[R]) -> Result<String, Error> {
    let mut text = String::new();
    for record in records {
        text += &serde_json::to_string(record)?;
        text.push('\n');
    }
    Ok(text)
}
