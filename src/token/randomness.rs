//! Random bytes. A generator that fails gives an error, and never bytes of zero in its place (OWASP ASVS
//! 11.5.1, CWE-331).

use rand::TryRng;

/// The random number generator failed, so no secret, nonce or key was made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "The random number generator failed ({cause}), so nothing was made; \
     check that this process can reach the generator of the operating system."
)]
pub struct RandomnessError {
    cause: String,
}

/// Fills `bytes` from `rng`.
pub(super) fn fill(rng: &mut impl TryRng, bytes: &mut [u8]) -> Result<(), RandomnessError> {
    rng.try_fill_bytes(bytes).map_err(|error| RandomnessError { cause: error.to_string() })
}
