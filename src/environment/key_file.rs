//! A file with the key ring, which is followed while the application runs.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::hangup::Hangups;
use crate::plain_debug::plain_debug;
use crate::token::{KeyProvider, KeyRing, KeyRingError};

/// The most bytes of a file with a key ring: some hundreds of keys.
const BYTES_MAX: usize = 64 * 1024;

/// How often the file is looked at unless the application says otherwise.
const POLL: Duration = Duration::from_secs(2);

/// A file with the [key ring](KeyRing)'s text. It is looked at every two seconds, and when the process gets
/// SIGHUP.
///
/// The text counts, not the time of the file: a symbolic link that leads elsewhere, as Kubernetes makes for a
/// secret, is a change, and touching the file is none. A change that is seen is taken when the file has the
/// same text at the next look, so that no half-written file is read; on SIGHUP it is taken at once.
///
/// ```no_run
/// # use session_ledger::{Ledger, Sessions};
/// # async fn start(ledger: Ledger) -> Result<(), Box<dyn std::error::Error>> {
/// use session_ledger::environment::KeyFile;
/// use session_ledger::token::KeyProvider;
///
/// let mut keys = KeyFile::at("/run/secrets/shop-keys");
/// let sessions = Sessions::new(ledger, keys.key_ring().await?);
/// sessions.follow_keys(keys);
/// # Ok(()) }
/// ```
///
/// While it is followed, SIGHUP no longer ends the process.
#[derive(Debug)]
pub struct KeyFile {
    path: PathBuf,
    poll: Duration,
    /// What was found when it was read last; none if it never was.
    read: Option<Fingerprint>,
    hangups: Hangups,
}

type Fingerprint = [u8; 32];

/// Why a file gives no key ring. No message shows a key.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum KeyFileError {
    /// The file cannot be read.
    #[error("the key ring's file {} cannot be read: {error}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The operating system's answer.
        error: io::Error,
    },
    /// The file is larger than any key ring.
    #[error("the key ring's file {} has more than {BYTES_MAX} bytes: it is no key ring", .path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// The text is no key ring.
    #[error("the key ring's file {} cannot be used: {error}", .path.display())]
    Keys {
        /// The file.
        path: PathBuf,
        /// The fault of the text.
        error: KeyRingError,
    },
}

plain_debug!(KeyFileError);

impl KeyFile {
    /// The file of this path. It is not read yet.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), poll: POLL, read: None, hangups: Hangups::default() }
    }

    /// Looks at the file so often.
    #[must_use]
    pub fn poll_every(mut self, span: Duration) -> Self {
        self.poll = span;
        self
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    async fn text(&self) -> Result<Zeroizing<String>, KeyFileError> {
        let path = self.path.clone();
        let reading = tokio::task::spawn_blocking(move || read(&path)).await;
        let unreadable = |error| KeyFileError::Unreadable { path: self.path.clone(), error };
        let bytes = reading.map_err(|error| unreadable(error.into()))?.map_err(unreadable)?;
        if bytes.len() > BYTES_MAX {
            return Err(KeyFileError::TooLarge { path: self.path.clone() });
        }
        // What is not Unicode stays recognisable as wrong, and is refused by whoever reads it.
        Ok(Zeroizing::new(String::from_utf8_lossy(&bytes).into_owned()))
    }
}

impl KeyProvider for KeyFile {
    type Error = KeyFileError;

    async fn key_ring(&mut self) -> Result<KeyRing, KeyFileError> {
        let text = self.text().await;
        self.read = Some(fingerprint(&text));
        KeyRing::parse(&text?).map_err(|error| KeyFileError::Keys { path: self.path.clone(), error })
    }

    async fn changed(&mut self) {
        let mut seen = self.read;
        loop {
            let is_asked = tokio::select! { biased;
                () = self.hangups.next() => true,
                () = tokio::time::sleep(self.poll) => false,
            };
            if is_asked {
                return;
            }
            let now = Some(fingerprint(&self.text().await));
            if now != self.read && now == seen {
                return;
            }
            seen = now;
        }
    }
}

/// Reads the file, and one byte more than it may have. There is room for all of them from the start, as a
/// buffer that grows leaves copies of the keys behind.
fn read(path: &Path) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(BYTES_MAX + 1));
    File::open(path)?.take(BYTES_MAX as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The digest of a text, or of why there is none: a file that is missing and one that is too large differ.
fn fingerprint(text: &Result<Zeroizing<String>, KeyFileError>) -> Fingerprint {
    match text {
        Ok(text) => Sha256::digest(text.as_bytes()).into(),
        Err(error) => Sha256::digest(error.to_string()).into(),
    }
}
