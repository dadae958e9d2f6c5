//! Random bytes. A generator that fails gives an error, and never bytes of zero in its place (OWASP ASVS
//! 11.5.1, CWE-331).

use crate::plain_debug::plain_debug;
use rand::TryRng;

/// The random number generator failed, so no secret, nonce or key was made.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "The random number generator failed ({cause}), so nothing was made; \
     check that this process can reach the generator of the operating system."
)]
pub struct RandomnessError {
    cause: String,
}

plain_debug!(RandomnessError);

/// Fills `bytes` from `rng`.
pub(super) fn fill(rng: &mut impl TryRng, bytes: &mut [u8]) -> Result<(), RandomnessError> {
    rng.try_fill_bytes(bytes).map_err(|error| RandomnessError { cause: error.to_string() })
}
