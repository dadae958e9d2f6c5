//! `projector keys generate`: a new key for the application's key ring.

use rand::TryRng;
use session_ledger::token::{KeyRing, KeyState};

use crate::{Answer, Console, Error};

/// Prints one entry of a key ring, and advice as a note. The key goes nowhere else.
///
/// # Errors
///
/// The generator fails, or the output cannot be written.
pub fn run(state: KeyState, rng: &mut impl TryRng, console: &mut Console<'_>) -> Result<Answer, Error> {
    let entry = KeyRing::generate_entry(state, rng)?;
    console.note(advice(state))?;
    console.print(&format!("{entry}\n"))?;
    Ok(Answer::Yes)
}

fn advice(state: KeyState) -> &'static str {
    match state {
        KeyState::Primary => {
            "This line is a secret: keep it where the application's passwords are, not in its repository.\n\
             A key ring has exactly one primary key. To replace one in use, generate with --state accept-only instead."
        }
        KeyState::AcceptOnly => {
            "This line is a secret: keep it where the application's passwords are, not in its repository.\n\
             Add it to the key ring of every process. When all of them have it, make it primary and the former one \
             accept-old; make that one retired when the tokens that it sealed have ended."
        }
        KeyState::AcceptOld | KeyState::Retired => {
            "This line is a secret: keep it where the application's passwords are, not in its repository.\n\
             A new key in this state seals nothing. An application starts with --state primary, and replaces that \
             key by one generated with --state accept-only."
        }
    }
}
