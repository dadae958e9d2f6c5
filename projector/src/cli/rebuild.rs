//! The arguments of `projector rebuild`.

use clap::Args;
use session_ledger::ledger::RebuildOptions;

/// Arguments of `projector rebuild`.
#[derive(Debug, Args)]
pub struct Rebuild {
    /// Rebuild beside the running application: nobody is logged out, and no change is lost
    ///
    /// The log and the rows are compared at one moment. Only rows that differ are replaced, a few sessions at
    /// a time; whoever writes to one of these just then waits a moment. Stopped half-way, each row is as it
    /// was or as the log says, and the next rebuild goes on.
    #[arg(long)]
    pub while_connected: bool,
    /// Only say what there is to rebuild, and change nothing: exit code 1 if there is anything
    ///
    /// The application may go on meanwhile.
    #[arg(long)]
    pub dry_run: bool,
    /// Go on at an event that cannot be read: its session keeps the rows that it has, and is named
    ///
    /// Without this such an event stops the rebuild, which has then changed nothing.
    #[arg(long)]
    pub skip_undecodable: bool,
}

impl Rebuild {
    /// The options of the library.
    pub fn options(&self) -> RebuildOptions {
        let mut options = RebuildOptions::default();
        if self.while_connected {
            options = options.while_connected();
        }
        if self.dry_run {
            options = options.dry_run();
        }
        if self.skip_undecodable {
            options = options.skip_undecodable();
        }
        options
    }
}
