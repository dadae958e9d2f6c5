//! The file of those who may sign in to the console.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// The most bytes of the file: some thousands of users.
const BYTES_MAX: usize = 1024 * 1024;

/// The most characters of a name.
const NAME_MAX: usize = 64;

/// The name of whoever comes where nobody signs in. No user of a file may have it.
pub(super) const NOBODYS: &str = "local";

/// What a user of the console may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Role {
    /// Reads.
    Reader,
    /// Reads, and ends sessions.
    Ender,
}

impl Role {
    /// Its word in the file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reader => "reader",
            Self::Ender => "ender",
        }
    }
}

/// The file of users cannot be used. No message shows a hash.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum UsersError {
    /// It cannot be read.
    #[error("the file of users {} cannot be read: {error}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The operating system's answer.
        error: io::Error,
    },
    /// Others than its owner may read it.
    #[error("others may read the file of users {}: run `chmod 600 {}`", .0.display(), .0.display())]
    Open(PathBuf),
    /// It is larger than any such file.
    #[error("the file of users {} has more than {BYTES_MAX} bytes: it is no such file", .0.display())]
    TooLarge(PathBuf),
    /// A line is no user.
    #[error(
        "line {line} of the file of users {} is no user: it must be a name, reader or ender, and a hash, as \
         `projector console-user NAME ROLE` prints them",
        .path.display()
    )]
    Line {
        /// The file.
        path: PathBuf,
        /// The line's number, from 1 on.
        line: usize,
    },
    /// Two lines have the same name.
    #[error("the file of users {} has two lines for {name}: take one out", .path.display())]
    Twice {
        /// The file.
        path: PathBuf,
        /// The name.
        name: String,
    },
    /// Nobody could sign in.
    #[error(
        "the file of users {} has no user: `projector console-user NAME ROLE` prints a line for it",
        .0.display()
    )]
    Empty(PathBuf),
    /// A name cannot be one.
    #[error(
        "{0:?} cannot be a name: it must have 1 to {NAME_MAX} letters, digits and characters of . _ - @, and must not \
         be \"{NOBODYS}\", which is the name of whoever comes where nobody signs in"
    )]
    Name(String),
}

/// As its `Display`: `main` of a program of somebody's own prints it.
impl fmt::Debug for UsersError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Somebody who may sign in.
#[derive(Clone)]
pub(super) struct User {
    pub(super) name: String,
    pub(super) role: Role,
    /// Argon2id, in the PHC form.
    pub(super) hash: String,
}

/// A file with a user a line. Empty lines, and those that begin with `#`, count for nothing.
#[derive(Clone, Debug)]
pub(super) struct UserFile(PathBuf);

impl UserFile {
    pub(super) fn at(path: PathBuf) -> Self {
        Self(path)
    }

    /// The users. The file is read anew, so a line that is gone counts no more.
    pub(super) fn read(&self) -> Result<Vec<User>, UsersError> {
        let path = &self.0;
        let text = text_of(path)?;
        let mut users: Vec<User> = Vec::new();
        for (row, line) in text.lines().map(str::trim).enumerate() {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let user = user(line).ok_or_else(|| UsersError::Line { path: path.clone(), line: row + 1 })?;
            if users.iter().any(|other| other.name == user.name) {
                return Err(UsersError::Twice { path: path.clone(), name: user.name });
            }
            users.push(user);
        }
        if users.is_empty() { Err(UsersError::Empty(path.clone())) } else { Ok(users) }
    }
}

/// Makes sure that a name can be one.
pub(crate) fn check_name(name: &str) -> Result<(), UsersError> {
    let is_name = (1..=NAME_MAX).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-@".contains(&byte))
        && name != NOBODYS;
    if is_name { Ok(()) } else { Err(UsersError::Name(name.to_owned())) }
}

fn user(line: &str) -> Option<User> {
    let mut words = line.split_ascii_whitespace();
    let (name, role, hash) = (words.next()?, words.next()?, words.next()?);
    let role = match role {
        "reader" => Role::Reader,
        "ender" => Role::Ender,
        _ => return None,
    };
    let is_user = words.next().is_none() && check_name(name).is_ok() && hash.starts_with("$argon2id$");
    is_user.then(|| User { name: name.to_owned(), role, hash: hash.to_owned() })
}

fn text_of(path: &Path) -> Result<String, UsersError> {
    let unreadable = |error| UsersError::Unreadable { path: path.to_owned(), error };
    let file = File::open(path).map_err(unreadable)?;
    if is_open_to_others(&file).map_err(unreadable)? {
        return Err(UsersError::Open(path.to_owned()));
    }
    let mut bytes = Vec::new();
    file.take(BYTES_MAX as u64 + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() > BYTES_MAX {
        return Err(UsersError::TooLarge(path.to_owned()));
    }
    // What is not Unicode is in no name and no hash, so its line is refused.
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(unix)]
fn is_open_to_others(file: &File) -> io::Result<bool> {
    use std::os::unix::fs::PermissionsExt;
    Ok(file.metadata()?.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
fn is_open_to_others(_file: &File) -> io::Result<bool> {
    Ok(false)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::io::Write;

    use super::*;

    const HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2g";

    fn read(text: &str) -> Result<Vec<User>, UsersError> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        UserFile::at(file.path().to_owned()).read()
    }

    #[test]
    fn a_user_is_a_line_and_remarks_are_none() {
        let users = read(&format!("# ours\n\n  anna ender {HASH}\nbob reader {HASH}\n")).unwrap();
        let told: Vec<_> = users.iter().map(|user| (user.name.as_str(), user.role)).collect();
        assert_eq!(told, [("anna", Role::Ender), ("bob", Role::Reader)]);
    }

    #[test]
    fn a_line_that_is_no_user_is_named_and_not_shown() {
        for line in [
            "anna".to_owned(),
            format!("anna root {HASH}"),
            "anna ender hunter2".to_owned(),
            format!("anna ender {HASH} more"),
            format!("local ender {HASH}"),
            format!("<b> ender {HASH}"),
        ] {
            let refused = read(&format!("bob reader {HASH}\n{line}\n")).map(drop).unwrap_err().to_string();
            assert!(refused.starts_with("line 2 of the file of users"), "{refused}");
            assert!(!refused.contains("hunter2") && !refused.contains("argon2id"), "{refused}");
        }
        let twice = read(&format!("bob reader {HASH}\nbob ender {HASH}\n")).map(drop).unwrap_err();
        assert!(matches!(twice, UsersError::Twice { .. }));
        assert!(matches!(read("# nobody\n").map(drop), Err(UsersError::Empty(_))));
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_may_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), format!("anna ender {HASH}")).unwrap();
        std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(0o640)).unwrap();
        let refused = UserFile::at(file.path().to_owned()).read().map(drop).unwrap_err().to_string();
        let path = file.path().display();
        assert_eq!(refused, format!("others may read the file of users {path}: run `chmod 600 {path}`"));
    }
}
