//! Predictable random number generators, and one that fails.

use std::convert::Infallible;
use std::fmt;

use rand::TryRng;

/// Gives these bytes, then panics.
pub(crate) struct Scripted(pub(crate) Vec<u8>);

impl TryRng for Scripted {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        panic!("tokens are made of bytes");
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        panic!("tokens are made of bytes");
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        let script = self.0.drain(..bytes.len());
        bytes.iter_mut().zip(script).for_each(|(to, from)| *to = from);
        Ok(())
    }
}

/// Always fails, after it has written some bytes.
pub(crate) struct Broken;

#[derive(Debug)]
pub(crate) struct NoEntropy;

impl fmt::Display for NoEntropy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no entropy")
    }
}

impl std::error::Error for NoEntropy {}

impl TryRng for Broken {
    type Error = NoEntropy;

    fn try_next_u32(&mut self) -> Result<u32, NoEntropy> {
        Err(NoEntropy)
    }

    fn try_next_u64(&mut self) -> Result<u64, NoEntropy> {
        Err(NoEntropy)
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), NoEntropy> {
        bytes.fill(0);
        Err(NoEntropy)
    }
}
