//! The output of a command, kept and compared with the expected one.

use std::path::Path;
use std::{env, fs};

use projector::Console;

/// Two outputs in memory.
#[derive(Default)]
pub(crate) struct Capture {
    out: Vec<u8>,
    notes: Vec<u8>,
    is_terminal: bool,
    columns: Option<usize>,
    is_coloured: bool,
}

impl Capture {
    /// A console that says it is a terminal.
    pub(crate) fn terminal() -> Self {
        Self { is_terminal: true, ..Self::default() }
    }

    /// A console that says it is a terminal of so many columns.
    pub(crate) fn terminal_of(columns: usize) -> Self {
        Self { columns: Some(columns), ..Self::terminal() }
    }

    /// The same, for somebody who wants colours.
    pub(crate) fn coloured(self) -> Self {
        Self { is_coloured: true, ..self }
    }

    pub(crate) fn console(&mut self) -> Console<'_> {
        Console {
            out: &mut self.out,
            notes: &mut self.notes,
            out_is_terminal: self.is_terminal,
            out_columns: self.columns,
            notes_is_terminal: false,
            is_coloured: self.is_coloured,
        }
    }

    pub(crate) fn out(&self) -> String {
        String::from_utf8(self.out.clone()).unwrap()
    }

    pub(crate) fn notes(&self) -> String {
        String::from_utf8(self.notes.clone()).unwrap()
    }
}

/// Compares with `tests/golden/<name>`. `UPDATE_GOLDEN=1` writes it, for a look at the difference in git.
pub(crate) fn assert_golden(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    if env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, text).unwrap();
    }
    let golden = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_eq!(text, golden, "{name} differs; UPDATE_GOLDEN=1 writes it anew");
}
