//! The bodies of frames: session id and secret, and the witness of a token.

use zeroize::Zeroizing;

use super::frame::{RESEND, TOKEN};
use super::secret::Secret;
use crate::session::{Device, SessionId, Witness};

/// The content of a token.
#[expect(missing_debug_implementations, reason = "a secret is never shown")]
pub struct Contents {
    /// The session.
    pub session: SessionId,
    /// The secret that proves it.
    pub secret: Secret,
    /// The state of database and session when the token was minted.
    pub witness: Witness,
}

impl Contents {
    pub(super) fn read(body: &[u8; TOKEN]) -> Option<Self> {
        let (proof, witness) = body.split_first_chunk()?;
        let (session, secret) = proof_of(proof)?;
        Some(Self { session, secret, witness: Witness::from_bytes(witness.try_into().ok()?) })
    }
}

/// The body of a token.
pub(super) fn token(session: SessionId, secret: &Secret, witness: Witness) -> Zeroizing<[u8; TOKEN]> {
    joined(&[session.as_bytes(), secret.expose(), &witness.to_bytes()])
}

/// The body of a resend.
pub(super) fn resend(session: SessionId, secret: &Secret) -> Zeroizing<[u8; RESEND]> {
    joined(&[session.as_bytes(), secret.expose()])
}

/// The body of a device cookie, which is as long as a token's.
pub(super) fn device(device: &Device) -> Zeroizing<[u8; TOKEN]> {
    Zeroizing::new(device.to_bytes())
}

/// The session and the secret in the body of a resend, which is the beginning of a token's.
pub(super) fn proof_of(body: &[u8; RESEND]) -> Option<(SessionId, Secret)> {
    let (session, secret) = body.split_first_chunk()?;
    Some((SessionId::from_bytes(*session), Secret::copied_from(secret.try_into().ok()?)))
}

fn joined<const BODY: usize>(parts: &[&[u8]]) -> Zeroizing<[u8; BODY]> {
    let mut body = Zeroizing::new([0; BODY]);
    let mut rest = &mut body[..];
    for part in parts {
        let (place, after) = rest.split_at_mut(part.len().min(rest.len()));
        place.copy_from_slice(&part[..place.len()]);
        rest = after;
    }
    body
}
