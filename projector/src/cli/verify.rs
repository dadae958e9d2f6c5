//! The arguments of `projector verify`.

use clap::Args;

use crate::verify;

/// Arguments of `projector verify`.
#[derive(Debug, Args)]
pub struct Verify {
    /// How to write the report
    #[arg(long, value_enum, default_value_t)]
    pub format: verify::Format,
    /// Verify about so many sessions only, picked at random: where the whole takes too long
    ///
    /// Rows whose session the log does not hold, counters and cursors are left to the verification of the
    /// whole.
    #[arg(long, value_name = "SESSIONS", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub sample: Option<u32>,
    /// List the sessions that this version of the projector reads otherwise than the tables say
    ///
    /// For a new version, before it is released: run its projector with this on the live database, or on a
    /// standby, before `projector migrate`. It reads only, and needs no migration of its version but one that
    /// adds what it reads. Damage of the log is no question here.
    #[arg(long, conflicts_with = "sample")]
    pub fold: bool,
}
