//! What the `projector` program does, for programs that would rather do it themselves.

pub mod envelope;
pub mod relay;
