//! `projector console-user`: a line for the file of the console's users.

use std::io::{self, BufRead, IsTerminal};
use std::process::{Command, Stdio};

use crate::serve::{self, Role, ServeError};
use crate::{Answer, Console, Error};

/// The fewest and the most characters of a password.
const CHARS: [usize; 2] = [12, 1_000];

/// Reads a password from standard input, and prints the line. Gives up when `stop` is ready.
///
/// # Errors
///
/// The name cannot be one, the password is missing, too short or too long, or the output cannot be written.
pub async fn run(
    name: &str,
    role: Role,
    stop: impl Future<Output = ()>,
    console: &mut Console<'_>,
) -> Result<Answer, Error> {
    serve::check_name(name).map_err(ServeError::Users)?;
    let is_terminal = io::stdin().is_terminal();
    if is_terminal {
        write!(console.notes, "Password for {name} (it is not shown): ")?;
        console.notes.flush()?;
    }
    let silence = is_terminal.then(Silence::begin);
    // A thread of its own: a runtime that ends would wait for a line that never comes.
    let (sender, reading) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let mut line = String::new();
        sender.send(io::stdin().lock().read_line(&mut line).map(|_| line)).ok();
    });
    let read = tokio::select! {
        read = reading => read.map_err(|_| ServeError::NoPassword)??,
        () = stop => String::new(),
    };
    drop(silence);
    if is_terminal {
        console.note("")?;
    }
    let line = line(name, role, read.trim_end_matches(['\n', '\r']))?;
    console.print(&format!("{line}\n"))?;
    console
        .note("Add this line to the file of `projector serve --users`. Only its owner may read that file.")?;
    Ok(Answer::Yes)
}

/// The line of a user.
fn line(name: &str, role: Role, password: &str) -> Result<String, ServeError> {
    let [least, most] = CHARS;
    match password.chars().count() {
        0 => Err(ServeError::NoPassword),
        length if !(least..=most).contains(&length) => Err(ServeError::PasswordLength { least, most }),
        _ => Ok(format!("{name} {} {}", role.as_str(), serve::password_hash(password)?)),
    }
}

/// A terminal that does not show what is typed, until this is dropped. Where there is no `stty`, it does.
struct Silence;

impl Silence {
    fn begin() -> Self {
        stty("-echo");
        Self
    }
}

impl Drop for Silence {
    fn drop(&mut self) {
        stty("echo");
    }
}

fn stty(setting: &str) {
    Command::new("stty").arg(setting).stdin(Stdio::inherit()).stderr(Stdio::null()).status().ok();
}
