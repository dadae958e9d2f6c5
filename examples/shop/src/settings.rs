//! The settings of a run.

use std::env;

use rand::rngs::SysRng;
use session_ledger::token::{KeyRing, KeyState};

use crate::Outcome;

/// The address to listen on, unless another is given.
pub(crate) const LISTEN: &str = "127.0.0.1:8080";

pub(crate) const HELP: &str = "\
A small shop, the demo of session-ledger.

Usage: shop [--listen ADDRESS:PORT] [--secure-cookie]

  --listen ADDRESS:PORT  where to listen; 127.0.0.1:8080, or any port if that is taken. 0.0.0.0:8080 lets a
                         phone in the same network come in. Also SHOP_LISTEN.
  --secure-cookie        the cookie that belongs on HTTPS, __Host-session; Chromium and Firefox take it from
                         this machine without
  DATABASE_URL           the database to use instead of a private server; a role that may create roles
  SESSION_LEDGER_KEYS    the key ring to use instead of a new key";

/// Settings from the command line and the environment.
pub(crate) struct Settings {
    /// The address to listen on, if one was given.
    pub(crate) listen: Option<String>,
    pub(crate) secure_cookie: bool,
    pub(crate) database_url: Option<String>,
    pub(crate) keys: Keys,
}

/// The keys that seal cookies.
pub(crate) enum Keys {
    /// The keys of the environment, as text.
    Named(String),
    /// A new key that nobody else has.
    New,
}

impl Settings {
    /// The settings; none when help is wanted.
    pub(crate) fn read() -> Outcome<Option<Self>> {
        let variable = |name| env::var(name).ok().filter(|value| !value.is_empty());
        let mut settings = Self {
            listen: variable("SHOP_LISTEN"),
            secure_cookie: false,
            database_url: variable("DATABASE_URL"),
            keys: variable("SESSION_LEDGER_KEYS").map_or(Keys::New, Keys::Named),
        };
        let mut arguments = env::args().skip(1);
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--listen" => {
                    let address =
                        arguments.next().ok_or("--listen needs an address, such as 127.0.0.1:8080.")?;
                    settings.listen = Some(address);
                }
                "--secure-cookie" => settings.secure_cookie = true,
                "--help" | "-h" => return Ok(None),
                other => return Err(format!("The argument {other} is not known. Try --help.").into()),
            }
        }
        Ok(Some(settings))
    }
}

impl Keys {
    pub(crate) fn ring(&self) -> Outcome<KeyRing> {
        match self {
            Self::Named(text) => Ok(KeyRing::parse(text)?),
            Self::New => Ok(KeyRing::parse(&KeyRing::generate_entry(KeyState::Primary, &mut SysRng)?)?),
        }
    }
}
