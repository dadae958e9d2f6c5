//! Where a command writes, and what it answers.

use std::io::{self, Write};
use std::process::ExitCode;

/// Where a command writes.
pub struct Console<'a> {
    /// What was asked for: standard output.
    pub out: &'a mut (dyn Write + Send),
    /// What is said about it: standard error.
    pub notes: &'a mut (dyn Write + Send),
    /// Whether `out` is a terminal, whose control characters a stored text must not reach.
    pub out_is_terminal: bool,
    /// Whether `notes` is a terminal, on which progress can be drawn.
    pub notes_is_terminal: bool,
}

/// What a command found, for its exit code. An [`Error`](crate::Error) is another matter: exit code 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Answer {
    /// It was done, or is as it should be: exit code 0.
    Yes,
    /// It is not so: `verify` found a difference, `history` no such session. Exit code 1.
    No,
}

impl Console<'_> {
    /// Writes text to `out`; if that is a terminal, without the control characters in it.
    ///
    /// # Errors
    ///
    /// As writing to `out`.
    pub fn print(&mut self, text: &str) -> io::Result<()> {
        if self.out_is_terminal {
            self.out.write_all(harmless(text).as_bytes())?;
        } else {
            self.out.write_all(text.as_bytes())?;
        }
        self.out.flush()
    }

    /// Writes a line about what is done to `notes`.
    ///
    /// # Errors
    ///
    /// As writing to `notes`.
    pub fn note(&mut self, line: &str) -> io::Result<()> {
        writeln!(self.notes, "{}", harmless(line))
    }
}

impl From<Answer> for ExitCode {
    fn from(answer: Answer) -> Self {
        match answer {
            Answer::Yes => Self::SUCCESS,
            Answer::No => Self::FAILURE,
        }
    }
}

/// The text as a terminal may show it: what would move its cursor, change its colours or turn the direction
/// of reading stands as `\u{fffd}` (CWE-117, CWE-150). Line ends stay.
pub(crate) fn harmless(text: &str) -> String {
    text.chars().map(|c| if c != '\n' && is_control(c) { '\u{fffd}' } else { c }).collect()
}

/// [`harmless`], on one line.
pub(crate) fn harmless_line(text: &str) -> String {
    harmless(text).replace('\n', "\u{fffd}")
}

/// C0 and C1 controls, line and paragraph separators, and the controls of bidirectional text.
fn is_control(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[test]
fn a_stored_text_cannot_steer_a_terminal() {
    let hostile = "a\u{1b}[2Jb\u{9b}31mc\u{202e}d\u{7f}e\r\u{7}";
    assert_eq!(harmless(hostile), "a\u{fffd}[2Jb\u{fffd}31mc\u{fffd}d\u{fffd}e\u{fffd}\u{fffd}");
    assert_eq!(harmless("Grüße, 世界 👋\n"), "Grüße, 世界 👋\n");
    assert_eq!(harmless_line("one\ntwo"), "one\u{fffd}two");
}
