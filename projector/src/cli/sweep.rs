//! The arguments of `projector sweep`.

use std::time::Duration;

use clap::Args;

use super::limits::Limits;
use crate::sweep::Schedule;

/// Arguments of `projector sweep`.
#[derive(Debug, Args)]
pub struct Sweep {
    /// The limits of the application's sessions.
    #[command(flatten)]
    pub limits: Limits,

    /// End when all live sessions have been looked at once
    #[arg(long)]
    pub once: bool,

    /// About how many seconds lie between two sweeps: 1 to 86400
    ///
    /// Each pause is longer or shorter by up to half, so that several sweepers do not meet for long.
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=86_400))]
    pub every: u32,
}

impl Sweep {
    /// When it sweeps.
    pub fn schedule(&self) -> Schedule {
        Schedule { is_once: self.once, every: Duration::from_secs(self.every.into()) }
    }
}
