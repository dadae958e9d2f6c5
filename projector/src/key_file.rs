//! `projector keys rotate`, `retire` and `list`: the keys in a file take turns.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

use rand::TryRng;
use session_ledger::token::{KeyRing, KeyRingError, KeyState, NotAfter};

use crate::{Answer, Console, Error};

/// A step of a rotation that was not taken. The file is as it was. No message shows a master.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum KeyFileError {
    /// The file cannot be read or replaced.
    #[error("{}: {error}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The operating system's answer.
        error: io::Error,
    },
    /// Another command is at it, or has died halfway.
    #[error(
        "{} is there: another `projector keys` is at work; if none is, remove that file and try again",
        .0.display()
    )]
    Busy(PathBuf),
    /// The text is no key ring.
    #[error("{}: {error}", .path.display())]
    Keys {
        /// The file.
        path: PathBuf,
        /// The fault of the text.
        error: KeyRingError,
    },
    /// Two keys wait to be primary.
    #[error("several keys are accept-only, so it is not clear which comes next: make all but one retired")]
    SeveralNext,
    /// The key is not in the file.
    #[error("the file has no key {0:?}: `projector keys list` shows those that it has")]
    NoSuchKey(String),
    /// The key seals.
    #[error("the key {0} is primary, and seals tokens: run `projector keys rotate` first")]
    Primary(String),
}

/// As its `Display`: `main` of a program of somebody's own prints it.
impl std::fmt::Debug for KeyFileError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

/// Takes the next step: adds a key as accept-only, or makes the one that is so the primary key.
///
/// # Errors
///
/// The file is no key ring, has several keys to choose from, or cannot be replaced; the generator fails.
pub fn rotate(file: &Path, rng: &mut impl TryRng, console: &mut Console<'_>) -> Result<Answer, Error> {
    let edit = Edit::begin(file)?;
    let entries = entries(&edit.text);
    let mut next = entries.iter().filter(|entry| entry.state == KeyState::AcceptOnly);
    match (next.next(), next.next()) {
        (None, _) => {
            let entry = KeyRing::generate_entry(KeyState::AcceptOnly, rng)?;
            let id = entry.split(' ').nth(1).unwrap_or_default().to_owned();
            let break_before = if edit.text.ends_with('\n') { "" } else { "\n" };
            let text = format!("{}{break_before}{entry}\n", edit.text);
            edit.finish(&text)?;
            console.print(&format!("{id} added as accept-only\n"))?;
            console.note(
                "Give this file to every process. When each has taken it, run the same command again: then the new key \
                 seals.",
            )?;
        }
        (Some(next), None) => {
            let primary = entries.iter().find(|entry| entry.state == KeyState::Primary);
            let changes = primary.into_iter().map(|entry| (entry, KeyState::AcceptOld));
            let text = with_states(&edit.text, changes.chain([(next, KeyState::Primary)]));
            edit.finish(&text)?;
            console.print(&format!("{} is primary\n", next.id))?;
            if let Some(former) = primary {
                console.print(&format!("{} is accept-old\n", former.id))?;
                console.note(&format!(
                    "Give this file to every process. When the tokens of the former key have ended, run \
                     `projector keys retire {} {}`.",
                    file.display(),
                    former.id
                ))?;
            }
        }
        (Some(_), Some(_)) => return Err(KeyFileError::SeveralNext.into()),
    }
    Ok(Answer::Yes)
}

/// Retires a key that seals no more.
///
/// # Errors
///
/// The file is no key ring or has no such key, the key is primary, or the file cannot be replaced.
pub fn retire(file: &Path, key: &str, console: &mut Console<'_>) -> Result<Answer, Error> {
    let edit = Edit::begin(file)?;
    let entries = entries(&edit.text);
    let found = entries.iter().find(|entry| entry.id.eq_ignore_ascii_case(key));
    let entry = found.ok_or_else(|| KeyFileError::NoSuchKey(key.to_owned()))?;
    if entry.state == KeyState::Primary {
        return Err(KeyFileError::Primary(entry.id.clone()).into());
    }
    let text = with_states(&edit.text, [(entry, KeyState::Retired)].into_iter());
    edit.finish(&text)?;
    console.print(&format!("{} is retired\n", entry.id))?;
    Ok(Answer::Yes)
}

/// Lists the keys.
///
/// # Errors
///
/// The file is no key ring, or cannot be read.
pub fn list(file: &Path, console: &mut Console<'_>) -> Result<Answer, Error> {
    let text = read(file)?;
    let lines: String = entries(&text)
        .iter()
        .map(|entry| format!("{} {}{}\n", entry.id, entry.state, until(entry)))
        .collect();
    console.print(&lines)?;
    Ok(Answer::Yes)
}

/// Until when a key opens tokens, in words.
fn until(entry: &Entry) -> String {
    entry.not_after.map(|not_after| format!(" until {not_after}")).unwrap_or_default()
}

/// One key in the text of a ring.
struct Entry {
    state: KeyState,
    id: String,
    not_after: Option<NotAfter>,
    /// Where the word of the state stands.
    word: Range<usize>,
}

/// The entries of a text that is a key ring.
fn entries(text: &str) -> Vec<Entry> {
    let mut found = Vec::new();
    let mut line_start = 0;
    for line in text.split_inclusive('\n') {
        let mut start = line_start;
        for entry in line.split('#').next().unwrap_or_default().split(';') {
            let mut words = entry.split_whitespace();
            if let (Some(word), Some(id)) = (words.next(), words.next())
                && let Ok(state) = word.parse()
            {
                let at = start + (entry.len() - entry.trim_start().len());
                let (id, word) = (id.to_ascii_lowercase(), at..at + word.len());
                let not_after = words.nth(1).and_then(|word| word.parse().ok());
                found.push(Entry { state, id, not_after, word });
            }
            start += entry.len() + 1;
        }
        line_start += line.len();
    }
    found
}

/// The text with other states for these entries.
fn with_states<'a>(text: &str, changes: impl Iterator<Item = (&'a Entry, KeyState)>) -> String {
    let mut changes: Vec<_> = changes.collect();
    // From the end, so that the places before stay right.
    changes.sort_by_key(|(entry, _)| std::cmp::Reverse(entry.word.start));
    let mut text = text.to_owned();
    for (entry, state) in changes {
        text.replace_range(entry.word.clone(), state.as_str());
    }
    text
}

/// A file that is about to be replaced. While this is held, no other command replaces it.
struct Edit {
    path: PathBuf,
    beside: PathBuf,
    new: File,
    text: String,
    is_done: bool,
}

impl Edit {
    fn begin(file: &Path) -> Result<Self, KeyFileError> {
        // A symbolic link stays one.
        let path = fs::canonicalize(file).map_err(|error| failed(file, error))?;
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(".new");
        let beside = path.with_file_name(name);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let new = options.open(&beside).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => KeyFileError::Busy(beside.clone()),
            _ => failed(&beside, error),
        })?;
        let mut edit = Self { path, beside, new, text: String::new(), is_done: false };
        edit.text = read(&edit.path)?;
        Ok(edit)
    }

    /// Puts a text in place of the file's, whole or not at all, for the same readers.
    fn finish(mut self, text: &str) -> Result<(), KeyFileError> {
        parse(&self.path, text)?;
        self.replace(text).map_err(|error| failed(&self.path, error))
    }

    fn replace(&mut self, text: &str) -> io::Result<()> {
        let before = fs::metadata(&self.path)?;
        self.new.write_all(text.as_bytes())?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::{MetadataExt, fchown};
            let made = self.new.metadata()?;
            if (made.uid(), made.gid()) != (before.uid(), before.gid()) {
                fchown(&self.new, Some(before.uid()), Some(before.gid()))?;
            }
        }
        self.new.set_permissions(before.permissions())?;
        self.new.sync_all()?;
        fs::rename(&self.beside, &self.path)?;
        self.is_done = true;
        Ok(())
    }
}

impl Drop for Edit {
    fn drop(&mut self) {
        // Once it has taken the file's place, one of that name is another command's.
        if !self.is_done {
            fs::remove_file(&self.beside).ok();
        }
    }
}

fn read(file: &Path) -> Result<String, KeyFileError> {
    let text = fs::read_to_string(file).map_err(|error| failed(file, error))?;
    parse(file, &text)?;
    Ok(text)
}

fn parse(file: &Path, text: &str) -> Result<(), KeyFileError> {
    let parsed = KeyRing::parse(text);
    parsed.map(drop).map_err(|error| KeyFileError::Keys { path: file.to_owned(), error })
}

fn failed(path: &Path, error: io::Error) -> KeyFileError {
    KeyFileError::Io { path: path.to_owned(), error }
}
