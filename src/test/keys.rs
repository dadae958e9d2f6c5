//! Keys for tests.

use crate::token::KeyRing;

/// A key ring with one primary key, the same each time.
pub fn key_ring() -> KeyRing {
    let entry = "primary 0a0b0c0d AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA";
    KeyRing::parse(entry).expect("a key ring")
}
