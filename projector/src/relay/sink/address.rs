//! Where a broker is, and what is wanted of it, as a URL says it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;
use std::{fmt, fs, io};

use percent_encoding::percent_decode_str;
use url::Url;

/// How long a broker may take to answer, unless `timeout-ms` says otherwise.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The longest `timeout-ms`: an hour.
const TIMEOUT_MS_MAX: u64 = 3_600_000;

/// A target cannot be used. No message repeats a password.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AddressError {
    /// The text is no URL.
    #[error(
        "the target is no address ({0}): write it as `nats://host:4222/subject` or another of docs/brokers.md"
    )]
    Unreadable(String),
    /// Other users of the machine can read a command line.
    #[error(
        "the target holds a password, which every user of the machine can read: leave it out, and give it by \
         the environment's variable SESSION_LEDGER_RELAY_PASSWORD or by a file, `?password-file=PATH`"
    )]
    PasswordInside,
    /// The file of `password-file` cannot be read.
    #[error("the file of the password, {}, cannot be read: {reason}", .path.display())]
    PasswordFile {
        /// The file.
        path: PathBuf,
        /// The operating system's answer.
        reason: String,
    },
    /// A part of the URL is missing.
    #[error("the target lacks {0}")]
    Missing(&'static str),
    /// A parameter's value does not fit.
    #[error("the target's `{name}` does not fit: {wanted}")]
    Value {
        /// The parameter.
        name: &'static str,
        /// What it may be.
        wanted: &'static str,
    },
    /// Nobody knows such a parameter.
    #[error("the target has no parameter `{name}`; it has {known}")]
    Parameter {
        /// The one that was given.
        name: String,
        /// Those that there are.
        known: String,
    },
}

/// As its `Display`.
impl fmt::Debug for AddressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A broker, and the parameters that have not been taken yet.
pub(super) struct Address {
    pub(super) encrypted: bool,
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) user: Option<String>,
    password: Option<String>,
    /// Without the leading slash.
    pub(super) path: String,
    pub(super) timeout: Duration,
    parameters: BTreeMap<String, String>,
    known: Vec<&'static str>,
}

impl Address {
    /// Reads a URL whose scheme is `encrypted` for TLS. The password is the one given, or that of a file.
    pub(super) fn read(
        text: &str,
        encrypted: &str,
        default_port: u16,
        password: Option<String>,
    ) -> Result<Self, AddressError> {
        let url = Url::parse(text).map_err(|error| AddressError::Unreadable(error.to_string()))?;
        if url.password().is_some() {
            return Err(AddressError::PasswordInside);
        }
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or(AddressError::Missing("a host"))?;
        let mut address = Self {
            encrypted: url.scheme() == encrypted,
            host: host.trim_matches(['[', ']']).to_owned(),
            port: url.port().unwrap_or(default_port),
            user: Some(decoded(url.username())).filter(|user| !user.is_empty()),
            password,
            path: decoded(url.path().trim_start_matches('/')),
            timeout: TIMEOUT,
            parameters: url.query_pairs().into_owned().collect(),
            known: Vec::new(),
        };
        if let Some(file) = address.take("password-file") {
            address.password = Some(password_in(file.into())?);
        }
        let wanted = "a number of milliseconds, from 1 to 3600000";
        if let Some(timeout) = address.number("timeout-ms", 1..=TIMEOUT_MS_MAX, wanted)? {
            address.timeout = Duration::from_millis(timeout);
        }
        Ok(address)
    }

    pub(super) fn password(&self) -> Option<&str> {
        self.password.as_deref()
    }

    /// Host and port, as they stand in a URL.
    pub(super) fn place(&self) -> String {
        let (host, port) = (&self.host, self.port);
        if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
    }

    /// Takes a parameter out.
    pub(super) fn take(&mut self, name: &'static str) -> Option<String> {
        self.known.push(name);
        self.parameters.remove(name).filter(|value| !value.is_empty())
    }

    /// Takes a parameter out that is a number within these bounds.
    pub(super) fn number<N: FromStr + PartialOrd>(
        &mut self,
        name: &'static str,
        bounds: std::ops::RangeInclusive<N>,
        wanted: &'static str,
    ) -> Result<Option<N>, AddressError> {
        let Some(text) = self.take(name) else { return Ok(None) };
        let number = text.parse().ok().filter(|number| bounds.contains(number));
        number.map(Some).ok_or(AddressError::Value { name, wanted })
    }

    /// To be asked when all parameters have been taken.
    pub(super) fn refuse_others(&self) -> Result<(), AddressError> {
        let Some(name) = self.parameters.keys().next() else { return Ok(()) };
        let known: Vec<_> = self.known.iter().map(|name| format!("`{name}`")).collect();
        Err(AddressError::Parameter { name: name.clone(), known: known.join(", ") })
    }
}

/// The password is the file's first line.
fn password_in(path: PathBuf) -> Result<String, AddressError> {
    let text = fs::read_to_string(&path)
        .map_err(|error: io::Error| AddressError::PasswordFile { path, reason: error.to_string() })?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

fn decoded(part: &str) -> String {
    percent_decode_str(part).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn read(text: &str) -> Result<Address, AddressError> {
        Address::read(text, "amqps", 5672, Some("hunter2".to_owned()))
    }

    fn refusal(text: &str) -> String {
        read(text).map(|_| ()).unwrap_err().to_string()
    }

    #[test]
    fn the_parts_of_a_url_are_read_and_decoded() {
        let mut address = read("amqps://re%2Flay@[::1]/%2Fshop?queue=a%20b&timeout-ms=7").unwrap();
        assert!(address.encrypted);
        assert_eq!(address.place(), "[::1]:5672");
        assert_eq!(address.user.as_deref(), Some("re/lay"));
        assert_eq!(address.password(), Some("hunter2"));
        assert_eq!(address.path, "/shop");
        assert_eq!(address.timeout, Duration::from_millis(7));
        assert_eq!(address.take("queue").as_deref(), Some("a b"));
        address.refuse_others().unwrap();
    }

    #[test]
    fn a_password_comes_from_a_file_too() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(&file, "from file\n").unwrap();
        let address = read(&format!("amqp://relay@host/?password-file={}", file.path().display())).unwrap();
        assert_eq!(address.password(), Some("from file"));
        assert_eq!(
            refusal("amqp://relay@host/?password-file=/nowhere/at/all"),
            "the file of the password, /nowhere/at/all, cannot be read: No such file or directory (os error 2)"
        );
    }

    #[test]
    fn what_does_not_fit_is_refused_with_what_would() {
        let refused = refusal("amqp://relay:hunter2@host/");
        assert_eq!(
            refused,
            "the target holds a password, which every user of the machine can read: leave it out, and give it \
             by the environment's variable SESSION_LEDGER_RELAY_PASSWORD or by a file, `?password-file=PATH`"
        );
        assert_eq!(refusal("amqp:///vhost"), "the target lacks a host");
        assert_eq!(
            refusal("here"),
            "the target is no address (relative URL without a base): write it as `nats://host:4222/subject` or \
             another of docs/brokers.md"
        );
        assert_eq!(
            refusal("amqp://host/?timeout-ms=0"),
            "the target's `timeout-ms` does not fit: a number of milliseconds, from 1 to 3600000"
        );
        assert_eq!(
            read("amqp://host/?colour=blue").unwrap().refuse_others().unwrap_err().to_string(),
            "the target has no parameter `colour`; it has `password-file`, `timeout-ms`"
        );
    }
}
