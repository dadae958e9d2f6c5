//! The account that the server runs as: ours, unless we are root.

use std::env;
use std::ffi::OsStr;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use crate::Error;

/// The accounts that root may use for the server, best first; `_postgres` is the name on macOS.
const LESSER: [&str; 3] = ["postgres", "_postgres", "nobody"];

/// The account that runs the server and everything that touches its files.
#[derive(Debug)]
pub(crate) struct Account {
    /// The user and group to become; none if the account is our own.
    ids: Option<(u32, u32)>,
}

impl Account {
    /// Our own account, or for root the first account with fewer rights that this process can become.
    pub(crate) fn for_server() -> Result<Self, Error> {
        if id(&["-u"]) != Some(0) {
            return Ok(Self { ids: None });
        }
        let mut reason = io::Error::other("there is no such user");
        for name in LESSER {
            let Some(ids) = id(&["-u", name]).zip(id(&["-g", name])) else { continue };
            let account = Self { ids: Some(ids) };
            match account.command("/bin/sh").args(["-c", ":"]).status() {
                Ok(_) => return Ok(account),
                Err(error) => reason = error,
            }
        }
        Err(Error::OnlyRoot(reason))
    }

    /// A command run by this account, with none of the `PG*` variables that would steer PostgreSQL.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        for (name, _) in env::vars_os() {
            if name.as_encoded_bytes().starts_with(b"PG") {
                command.env_remove(name);
            }
        }
        // The account may not be allowed into our working directory. With a locale of the system's choice the
        // server of macOS finds itself multithreaded and gives up.
        command.current_dir("/").env("LC_ALL", "C").stdin(Stdio::null());
        if let Some((user, group)) = self.ids {
            command.uid(user).gid(group);
        }
        command
    }
}

/// The answer of `id`; macOS may print the id of `nobody` as -2.
fn id(arguments: &[&str]) -> Option<u32> {
    let output = Command::new("id").args(arguments).stderr(Stdio::null()).output().ok()?;
    let number: i64 = std::str::from_utf8(&output.stdout).ok()?.trim().parse().ok()?;
    u32::try_from(number).or_else(|_| i32::try_from(number).map(i32::cast_unsigned)).ok()
}
