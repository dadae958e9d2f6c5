//! A place in the text of a key ring.

use std::fmt;

/// The place of an entry in the text of a key ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The line, from 1.
    pub line: usize,
    /// The entry within the line, from 1. Entries of one line are separated by `;`.
    pub entry: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.entry {
            1 => write!(f, "line {}", self.line),
            entry => write!(f, "line {}, entry {entry}", self.line),
        }
    }
}
