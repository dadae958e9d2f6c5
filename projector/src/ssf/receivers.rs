//! The file of those who may have streams: a receiver a line, with the hash of its token and its audiences.

use std::fmt;
use std::path::{Path, PathBuf};
use std::{fs, io};

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use rand::TryRng;
use sha2::{Digest, Sha256};

use crate::{Answer, Console, Error};

/// The most bytes of the file: some thousands of receivers.
const BYTES_MAX: u64 = 1024 * 1024;

/// The most characters of a name.
const NAME_MAX: usize = 64;

/// How many random bytes a token has. So many cannot be guessed, and their plain hash tells nothing of them.
const TOKEN_BYTES: usize = 32;

/// The file of receivers cannot be used. No message shows a hash.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum ReceiversError {
    /// It cannot be read.
    #[error("the file of receivers {} cannot be read: {error}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The operating system's answer.
        error: io::Error,
    },
    /// It is larger than any such file.
    #[error("the file of receivers {} has more than {BYTES_MAX} bytes: it is no such file", .0.display())]
    TooLarge(PathBuf),
    /// A line is no receiver.
    #[error(
        "line {line} of the file of receivers {} is no receiver: it must be a name, a hash and an audience or more, as \
         `projector ssf receiver` prints them",
        .path.display()
    )]
    Line {
        /// The file.
        path: PathBuf,
        /// The line's number, from 1 on.
        line: usize,
    },
    /// A name cannot be one.
    #[error("{0:?} cannot be a name: it must have 1 to {NAME_MAX} letters, digits and characters of . _ -")]
    Name(String),
    /// An audience cannot be one.
    #[error("{0:?} cannot be an audience: it must be one word, such as https://forum.example/caep")]
    Audience(String),
}

/// As its `Display`: `main` of a program of somebody's own prints it.
impl fmt::Debug for ReceiversError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Somebody who may have streams. It has no `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Receiver {
    pub(super) name: String,
    pub(super) audiences: Vec<String>,
    /// SHA-256 of its token.
    hash: [u8; 32],
}

/// A file with a receiver a line. Empty lines, and those that begin with `#`, count for nothing. A name may
/// stand in several lines, so that its token can be changed without a gap.
#[derive(Clone, Debug)]
pub(super) struct ReceiverFile(PathBuf);

impl ReceiverFile {
    pub(super) fn at(path: PathBuf) -> Self {
        Self(path)
    }

    /// The receiver of a token. The file is read anew, so a line that is gone counts no more.
    ///
    /// Hashes are compared: how long that takes tells nothing of a token.
    pub(super) fn receiver_of(&self, token: &str) -> Result<Option<Receiver>, ReceiversError> {
        let hash: [u8; 32] = Sha256::digest(token).into();
        Ok(self.read()?.into_iter().find(|one| one.hash == hash))
    }

    /// All receivers.
    pub(super) fn read(&self) -> Result<Vec<Receiver>, ReceiversError> {
        let path = &self.0;
        let lines = text_of(path)?;
        let lines = lines.lines().map(str::trim).enumerate();
        lines
            .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
            .map(|(row, line)| {
                receiver(line).ok_or_else(|| ReceiversError::Line { path: path.clone(), line: row + 1 })
            })
            .collect()
    }
}

fn text_of(path: &Path) -> Result<String, ReceiversError> {
    let unreadable = |error| ReceiversError::Unreadable { path: path.to_owned(), error };
    if fs::metadata(path).map_err(unreadable)?.len() > BYTES_MAX {
        return Err(ReceiversError::TooLarge(path.to_owned()));
    }
    fs::read_to_string(path).map_err(unreadable)
}

fn receiver(line: &str) -> Option<Receiver> {
    let mut words = line.split_ascii_whitespace();
    let name = words.next().filter(|name| is_name(name))?.to_owned();
    let hash = HEXLOWER.decode(words.next()?.as_bytes()).ok()?.try_into().ok()?;
    let audiences: Vec<_> = words.map(str::to_owned).collect();
    (!audiences.is_empty()).then_some(Receiver { name, audiences, hash })
}

fn is_name(name: &str) -> bool {
    (1..=NAME_MAX).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
}

/// Prints a line for the file, and the token that the receiver gets as a note. The token is kept nowhere.
///
/// # Errors
///
/// The name or an audience cannot be one, the generator fails, or the output cannot be written.
pub fn receiver_line(
    name: &str,
    audiences: &[String],
    rng: &mut impl TryRng,
    console: &mut Console<'_>,
) -> Result<Answer, Error> {
    if !is_name(name) {
        return Err(ReceiversError::Name(name.to_owned()).into());
    }
    let is_word =
        |word: &&String| !word.is_empty() && !word.contains(|c: char| c.is_whitespace() || c.is_control());
    if let Some(audience) = audiences.iter().find(|audience| !is_word(audience)) {
        return Err(ReceiversError::Audience(audience.clone()).into());
    }
    let mut bytes = [0; TOKEN_BYTES];
    rng.try_fill_bytes(&mut bytes).map_err(|error| Error::Name(error.to_string()))?;
    let token = BASE64URL_NOPAD.encode(&bytes);
    let hash = HEXLOWER.encode(&Sha256::digest(&token));
    console.print(&format!("{name} {hash} {}\n", audiences.join(" ")))?;
    console.note(&format!(
        "Add this line to the file of `projector ssf serve --receivers`, and give the receiver its token, which is kept \
         nowhere else: {token}"
    ))?;
    Ok(Answer::Yes)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::io::Write;

    use super::*;

    fn file(text: &str) -> (tempfile::NamedTempFile, ReceiverFile) {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        let receivers = ReceiverFile::at(file.path().to_owned());
        (file, receivers)
    }

    fn hash(token: &str) -> String {
        HEXLOWER.encode(&Sha256::digest(token))
    }

    #[test]
    fn a_token_finds_its_receiver_and_no_other_text_does() {
        let (one, old, other) = (hash("one"), hash("old"), hash("other"));
        let text =
            format!("# who\nforum {one} https://a https://b\n\nforum {old} https://a\nshop {other} x\n");
        let (_file, receivers) = file(&text);
        let named = |token: &str| receivers.receiver_of(token).unwrap().map(|one| (one.name, one.audiences));
        assert_eq!(named("one"), Some(("forum".into(), vec!["https://a".into(), "https://b".into()])));
        assert_eq!(named("old"), Some(("forum".into(), vec!["https://a".into()])));
        assert_eq!(named("other"), Some(("shop".into(), vec!["x".into()])));
        for token in ["", "On", "one ", &one] {
            assert_eq!(named(token), None, "{token}");
        }
    }

    #[test]
    fn a_line_that_is_no_receiver_is_named_by_its_number() {
        for line in ["forum", "forum abc x", &format!("forum {}", hash("a")), &format!("a/b {} x", hash("a"))]
        {
            let (kept, receivers) = file(&format!("# first\n{line}\n"));
            let told = receivers.read().err().unwrap().to_string();
            let wanted = format!("line 2 of the file of receivers {} is no receiver", kept.path().display());
            assert!(told.starts_with(&wanted), "{told}");
        }
        let missing = ReceiverFile::at("/nowhere/receivers".into()).read().err().unwrap().to_string();
        assert!(
            missing.starts_with("the file of receivers /nowhere/receivers cannot be read: "),
            "{missing}"
        );
    }
}
