//! Lists of any length.

use std::io::{self, Write};

use futures_util::stream;
use projector::output::{self, Column, Format, Listed, whole, wrapped};
use projector::{Console, Error};
use serde::Serialize;
use session_ledger::ledger;

const MANY: usize = 5_000;

/// A record that takes some 100 bytes.
#[derive(Serialize)]
struct Record {
    number: usize,
    text: String,
}

impl Listed for Record {
    const COLUMNS: &'static [Column] = &[whole("NUMBER"), wrapped("TEXT")];
    const DROPPED: &'static [&'static str] = &["TEXT"];

    fn cells(&self) -> Vec<String> {
        vec![self.number.to_string(), self.text.clone()]
    }
}

/// Keeps each piece that is written.
#[derive(Default)]
struct Pieces(Vec<String>);

impl Write for Pieces {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        self.0.push(String::from_utf8(piece.to_vec()).unwrap());
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn record(number: usize) -> Record {
    Record { number, text: "a line\nand \"another\", é ".repeat(4) }
}

async fn write(
    format: Format,
    records: impl IntoIterator<Item = Result<Record, ledger::Error>>,
) -> (Result<(), Error>, Vec<String>) {
    let (mut out, mut notes) = (Pieces::default(), Vec::new());
    let mut console = Console::plain(&mut out, &mut notes);
    let written = output::write(&mut console, format, stream::iter(records)).await;
    (written, out.0)
}

#[tokio::test]
async fn a_long_list_is_written_in_pieces_that_join_up_to_the_whole() {
    let records: Vec<_> = (0..MANY).map(record).collect();
    let json = serde_json::to_string_pretty(&records).unwrap() + "\n";
    let ndjson: String = records.iter().map(|one| serde_json::to_string(one).unwrap() + "\n").collect();
    let text = "\"a line\\u000aand \"\"another\"\", é a line\\u000aand \"\"another\"\", é a line\\u000aand \
                \"\"another\"\", é a line\\u000aand \"\"another\"\", é \"\n";
    let csv: String = (0..MANY).map(|number| format!("{number},{text}")).collect();
    for (format, whole) in
        [(Format::Json, json), (Format::Csv, format!("number,text\n{csv}")), (Format::Ndjson, ndjson)]
    {
        let (written, pieces) = write(format, (0..MANY).map(|number| Ok(record(number)))).await;
        written.unwrap();
        assert!(pieces.concat() == whole, "{format:?} differs from the whole");
        assert!(pieces.len() > 5, "{format:?}: {}", pieces.len());
        assert!(pieces.iter().all(|piece| piece.len() < 66_000), "{format:?}");
    }
}

/// A spreadsheet would have run the formulas.
#[tokio::test]
async fn a_text_that_looks_like_a_formula_stays_a_text_in_csv() {
    let texts = ["=cmd|' /c calc'!A1", "+1", "-1", "@sum(1)", "\t=1", "\r=1", "a=1", "'=1", ""];
    let records = texts.map(|text| Ok(Record { number: 1, text: text.to_owned() }));
    let (written, pieces) = write(Format::Csv, records).await;
    written.unwrap();
    let cells =
        ["'=cmd|' /c calc'!A1", "'+1", "'-1", "'@sum(1)", "'\\u0009=1", "'\\u000d=1", "a=1", "'=1", ""];
    let whole: String = cells.map(|cell| format!("1,{cell}\n")).concat();
    assert_eq!(pieces.concat(), format!("number,text\n{whole}"));
}

/// They were escaped on a terminal only, and a pipe may end at one (`projector sessions | less -R`).
#[tokio::test]
async fn a_pipe_gets_control_characters_escaped() {
    let hostile = "a\u{1b}[2Jb\u{9b}31m\r\nc\u{202e}";
    for format in [Format::Csv, Format::Json, Format::Ndjson, Format::Table] {
        let (written, pieces) = write(format, [Ok(Record { number: 1, text: hostile.to_owned() })]).await;
        written.unwrap();
        let whole = pieces.concat();
        assert!(!whole.contains(|c: char| c != '\n' && c.is_control() || c == '\u{202e}'), "{whole:?}");
        match format {
            Format::Csv => assert_eq!(whole, "number,text\n1,a\\u001b[2Jb\\u009b31m\\u000d\\u000ac\\u202e\n"),
            Format::Table => assert_eq!(whole.lines().count(), 2),
            _ => assert!(whole.contains("a\\u001b[2Jb\\u009b31m\\r\\nc\\u202e"), "{whole}"),
        }
    }
}

#[tokio::test]
async fn a_record_that_cannot_be_read_ends_the_list_with_the_error() {
    let records = (0..MANY).map(|number| match number {
        4_000 => Err(ledger::Error::Disconnected("the server has gone".to_owned())),
        number => Ok(record(number)),
    });
    let (written, pieces) = write(Format::Ndjson, records).await;
    assert!(matches!(written, Err(Error::Store(ledger::Error::Disconnected(_)))), "{written:?}");
    let lines = pieces.concat().lines().count();
    assert!((1_000..=4_000).contains(&lines), "{lines}");
}
