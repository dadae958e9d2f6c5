//! The commands about keys.

use std::path::PathBuf;

use clap::Subcommand;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use session_ledger::token::KeyState;

/// Commands about keys.
#[derive(Debug, Subcommand)]
pub enum Keys {
    /// Print one new entry of a key ring
    ///
    /// The entry goes to standard output, advice to standard error. It is made of the operating system's
    /// random bytes, is stored nowhere, and needs no database.
    ///
    /// Example: projector keys generate --state accept-only >> keys.txt
    Generate {
        /// The state in which the key begins
        #[arg(long, default_value = KeyState::Primary.as_str(), value_parser = key_state())]
        state: KeyState,
    },
    /// Take the next step of a rotation in a key ring's file
    ///
    /// If no key is accept-only, adds a new one in that state; give the file to every process then, and make
    /// sure that each has taken it. If one is, makes it primary and the former primary key accept-old. The
    /// file is replaced as a whole; comments stay. An application that follows the file takes each step while
    /// it runs. It needs no database.
    ///
    /// Example: projector keys rotate /etc/shop/keys
    Rotate {
        /// The file with the key ring
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Retire a key in a key ring's file: what it has sealed opens no more
    ///
    /// A former primary key can go when the tokens that it sealed have ended: at the latest when the absolute
    /// timeout has passed since the rotation. Whoever holds a token of it signs in again. The primary key
    /// cannot be retired; rotate first. It needs no database.
    ///
    /// Example: projector keys retire /etc/shop/keys 19d3b004
    Retire {
        /// The file with the key ring
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// The key's id: 8 hexadecimal digits
        #[arg(value_name = "KEY")]
        key: String,
    },
    /// List the ids and states of the keys in a key ring's file
    ///
    /// Masters are not shown. It needs no database.
    ///
    /// Example: projector keys list /etc/shop/keys
    List {
        /// The file with the key ring
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
}

fn key_state() -> impl TypedValueParser<Value = KeyState> {
    let states = [KeyState::AcceptOnly, KeyState::Primary, KeyState::AcceptOld, KeyState::Retired];
    PossibleValuesParser::new(states.map(KeyState::as_str)).try_map(|word| word.parse::<KeyState>())
}
