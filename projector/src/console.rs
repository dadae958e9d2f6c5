//! Where a command writes, and what it answers.

use std::borrow::Cow;
use std::ffi::OsString;
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
    /// How many characters a line of `out` has, if that is a terminal.
    pub out_columns: Option<usize>,
    /// Whether `notes` is a terminal: then progress can be drawn on it.
    pub notes_is_terminal: bool,
    /// Whether a terminal may be sent colours: see [`wants_colour`].
    pub is_coloured: bool,
}

/// A command's answer, which becomes its exit code. An [`Error`](crate::Error) has exit code 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Answer {
    /// The work was done, or all is as it should be: exit code 0.
    Yes,
    /// `verify` found a difference, or there is nothing of that name: exit code 1.
    No,
}

impl fmt::Debug for Console<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut console = f.debug_struct("Console");
        console.field("out_is_terminal", &self.out_is_terminal);
        console.field("notes_is_terminal", &self.notes_is_terminal).finish_non_exhaustive()
    }
}

impl<'a> Console<'a> {
    /// Two outputs that are no terminals.
    pub fn plain(out: &'a mut (dyn Write + Send), notes: &'a mut (dyn Write + Send)) -> Self {
        Self {
            out,
            notes,
            out_is_terminal: false,
            out_columns: None,
            notes_is_terminal: false,
            is_coloured: false,
        }
    }

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

    /// Writes text to `out` as [`print`](Self::print) does, in bold if colours are wanted.
    ///
    /// # Errors
    ///
    /// As writing to `out`.
    pub fn print_bold(&mut self, text: &str) -> io::Result<()> {
        if !(self.out_is_terminal && self.is_coloured) {
            return self.print(text);
        }
        write!(self.out, "{BOLD}{}{PLAIN}", harmless(text))
    }

    /// Writes an error to `notes`.
    ///
    /// # Errors
    ///
    /// As writing to `notes`.
    pub fn error(&mut self, error: &crate::Error) -> io::Result<()> {
        if self.notes_is_terminal && self.is_coloured {
            write!(self.notes, "{RED}error:{PLAIN} ")?;
            return self.note(&error.to_string());
        }
        self.note(&format!("error: {error}"))
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

const BOLD: &str = "\u{1b}[1m";
const RED: &str = "\u{1b}[1;31m";
const PLAIN: &str = "\u{1b}[0m";

/// Whether somebody at a terminal wants colours: not if `NO_COLOR` is set to anything
/// (<https://no-color.org>), nor on a terminal that has none. `variable` tells the environment's variables.
pub fn wants_colour(variable: impl Fn(&str) -> Option<OsString>) -> bool {
    let is_set = |name| variable(name).is_some_and(|value| !value.is_empty());
    !is_set("NO_COLOR") && variable("TERM").is_none_or(|term| term != "dumb")
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
pub(crate) fn escaped(text: &str) -> Cow<'_, str> {
    // Most texts are harmless, and stay where they are.
    if text.bytes().all(|byte| matches!(byte, b'\n' | b' '..=b'~')) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if c != '\n' && is_control(c) {
            escaped += &format!("\\u{:04x}", u32::from(c));
        } else {
            escaped.push(c);
        }
    }
    Cow::Owned(escaped)
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

#[test]
fn colours_are_for_those_who_have_not_refused_them() {
    let wants = |name: &str, value: &str| {
        let (name, value) = (name.to_owned(), OsString::from(value));
        wants_colour(move |asked| (asked == name).then(|| value.clone()))
    };
    assert!(wants("TERM", "xterm-256color") && wants("NO_COLOR", "") && wants("HOME", "/root"));
    assert!(!wants("NO_COLOR", "1") && !wants("NO_COLOR", "0") && !wants("TERM", "dumb"));
}
