//! The arguments of `projector verify`.

use clap::Args;

use crate::verify;

/// Arguments of `projector verify`.
#[derive(Debug, Args)]
pub struct Verify {
    /// How to write the report
    #[arg(long, value_enum, default_value_t)]
    pub format: verify::Format,
    /// Verify about so many sessions only, picked at random: for every hour, where the whole takes too long
    ///
    /// Rows whose session the log does not hold, counters and cursors are left to the verification of the
    /// whole.
    #[arg(long, value_name = "SESSIONS", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub sample: Option<u32>,
}
