//! Where a command writes, and what it answers.

use std::fmt;
use std::io::{self, Write};
use std::process::ExitCode;

/// The two outputs of a command.
pub struct Console<'a> {
    /// The result that was asked for: standard output.
    pub out: &'a mut (dyn Write + Send),
    /// Remarks about the work: standard error.
    pub notes: &'a mut (dyn Write + Send),
    /// Whether `out` is a terminal: then control characters in stored text are replaced.
    pub out_is_terminal: bool,
    /// Whether `notes` is a terminal: then progress can be drawn on it.
    pub notes_is_terminal: bool,
}

/// A command's answer, which becomes its exit code. An [`Error`](crate::Error) has exit code 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Answer {
    /// The work was done, or all is as it should be: exit code 0.
    Yes,
    /// `verify` found a difference, or `history` no such session: exit code 1.
    No,
}

impl fmt::Debug for Console<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut console = f.debug_struct("Console");
        console.field("out_is_terminal", &self.out_is_terminal);
        console.field("notes_is_terminal", &self.notes_is_terminal).finish_non_exhaustive()
    }
}

impl Console<'_> {
    /// Writes text to `out`. If that is a terminal, control characters in the text are replaced.
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

    /// Writes one remark to `notes`, with control characters replaced.
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

/// The text with `\u{fffd}` for each character that would move a terminal's cursor, change its colours or
/// turn the direction of reading (CWE-117, CWE-150). Line ends stay.
pub(crate) fn harmless(text: &str) -> String {
    text.chars().map(|c| if c != '\n' && is_control(c) { '\u{fffd}' } else { c }).collect()
}

/// The text as [`harmless`] makes it, with line ends replaced too.
pub(crate) fn harmless_line(text: &str) -> String {
    harmless(text).replace('\n', "\u{fffd}")
}

/// The text with an escape (`\u001b`) for each character that [`harmless`] replaces, so that a pipe, and the
/// terminal that it may end at, is safe too. JSON reads an escape in a string as the character.
pub(crate) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if c != '\n' && is_control(c) {
            escaped += &format!("\\u{:04x}", u32::from(c));
        } else {
            escaped.push(c);
        }
    }
    escaped
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
    assert_eq!(escaped(hostile), "a\\u001b[2Jb\\u009b31mc\\u202ed\\u007fe\\u000d\\u0007");
    assert_eq!(escaped("Grüße, 世界 👋\n"), "Grüße, 世界 👋\n");
}
