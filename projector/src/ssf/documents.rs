//! `projector ssf`: what receivers ask a transmitter for first.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::key::SigningKey;
use super::set::Transmitter;
use crate::{Answer, Console, Error};

/// Prints the public halves of keys (JWKS).
///
/// # Errors
///
/// A file holds no key that fits, or the output cannot be written.
pub fn keys(files: &[PathBuf], console: &mut Console<'_>) -> Result<Answer, Error> {
    let keys = files.iter().map(|file| SigningKey::from_file(file)).collect::<Result<Vec<_>, _>>()?;
    print(&Transmitter::jwks(&keys), console)
}

/// Prints the configuration of the transmitter (SSF 1.0, section 7.1). It names no endpoints for streams:
/// they are agreed upon by hand.
///
/// # Errors
///
/// The output cannot be written.
pub fn configuration(issuer: &str, jwks_uri: &str, console: &mut Console<'_>) -> Result<Answer, Error> {
    let configuration = json!({
        "spec_version": "1_0",
        "issuer": issuer,
        "jwks_uri": jwks_uri,
        "delivery_methods_supported": ["urn:ietf:rfc:8935"],
        "default_subjects": "ALL",
    });
    print(&configuration, console)
}

fn print(document: &Value, console: &mut Console<'_>) -> Result<Answer, Error> {
    console.print(&format!("{document:#}\n"))?;
    Ok(Answer::Yes)
}
