//! The arguments of `projector archive`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use session_ledger::session::RetentionLimits;
use time::Duration;

use super::lasting;
use crate::Error;
use crate::archive::{Plan, tables_are_built_in};
use crate::output::Format;

/// Commands about archives.
#[derive(Debug, Subcommand)]
pub enum Archive {
    /// List the months of the log, and those that are in an archive
    ///
    /// A month is ahead, present, in use (one of its sessions is live), ended, or archived. Exit code 1, with
    /// a warning: fewer than two months are made ahead, or events are in `event_otherwise`, the partition for
    /// session ids outside all months. It needs a role that is granted session_ledger_auditor.
    ///
    /// Example: projector archive list || mail -s 'the log needs partitions' ops@example.com
    List {
        /// How to write the list
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Take months out of the log into files
    ///
    /// A month is due if it is over, all of its sessions have ended, each of its facts is past its limit, and
    /// every subscription has had it. It holds the sessions that started in it. Its events go into a file of
    /// JSON lines, compressed with zstd, and a manifest says what the file holds and its SHA-256. The file is
    /// read back; then the month is dropped, in one transaction. Killed at any moment, the command loses
    /// nothing, and goes on when it is run again. An event of a kind that this version does not know keeps
    /// its month for ever.
    ///
    /// The lists of sessions, ends and logins go on to tell of these sessions, until `projector retain`.
    /// Their histories are in the archive: `projector history --archive FOLDER`. Copy the folder to another
    /// place: it is the only one then. It needs the role that owns the schema session_ledger.
    ///
    /// Example: projector archive export --to /srv/ledger-archive --keep 400d --keep-notes 2000d
    Export(Export),
    /// Check each file of an archive against its hash, and each event against the chain of its session
    ///
    /// It needs no database.
    ///
    /// Example: projector archive check --from /srv/ledger-archive
    Check {
        /// The folder with the archive
        #[arg(long, value_name = "FOLDER")]
        from: PathBuf,
    },
    /// Write the events of an archive into an empty database
    ///
    /// Run `projector migrate` before and `projector rebuild` after it. The log holds then what it held, and
    /// answers as it did. The database begins another epoch, so no token of before opens anything. All is
    /// written in one transaction, or nothing. It needs the role that owns the schema session_ledger.
    ///
    /// Example: projector archive restore --from /srv/ledger-archive && projector rebuild
    Restore {
        /// The folder with the archive
        #[arg(long, value_name = "FOLDER")]
        from: PathBuf,
    },
}

/// Arguments of `projector archive export`.
#[derive(Debug, Args)]
pub struct Export {
    /// The folder for the files; it is made if it is missing
    #[arg(long, value_name = "FOLDER")]
    pub to: PathBuf,

    /// For how long facts stay in the log
    #[command(flatten)]
    pub keep: Keep,

    /// Write each month as a table as well, in a Parquet file with a row for each event, in OCSF's columns
    ///
    /// It is for programs that analyse logs, and listed in the manifest with its hash. It tells users,
    /// addresses and browsers, but no token and nothing that a session held. The lines of JSON stay what
    /// `history --archive` and `archive restore` read. It needs a projector that was built with the feature
    /// `parquet`.
    #[arg(long)]
    pub parquet: bool,

    /// Export the months that are due, and leave them in the log
    #[arg(long, conflicts_with = "dry_run")]
    pub leave: bool,

    /// Say what would be done
    #[arg(long)]
    pub dry_run: bool,
}

/// For how long facts stay in the log after they were recorded.
#[derive(Clone, Copy, Debug, Args)]
pub struct Keep {
    /// For how long facts stay in the log after they were recorded, such as 400d
    #[arg(long, value_name = "SPAN", default_value = "400d", env = "SESSION_LEDGER_KEEP", value_parser = lasting)]
    pub keep: Duration,

    /// The same for who was signed in, from where, and how sessions lived
    #[arg(long, value_name = "SPAN", env = "SESSION_LEDGER_KEEP_ACCESS", value_parser = lasting)]
    pub keep_access: Option<Duration>,

    /// The same for what sessions held
    #[arg(long, value_name = "SPAN", env = "SESSION_LEDGER_KEEP_CONTENT", value_parser = lasting)]
    pub keep_content: Option<Duration>,

    /// The same for the application's own notes
    #[arg(long, value_name = "SPAN", env = "SESSION_LEDGER_KEEP_NOTES", value_parser = lasting)]
    pub keep_notes: Option<Duration>,
}

impl Keep {
    /// The limits of each class.
    pub fn limits(&self) -> RetentionLimits {
        let mut limits = RetentionLimits::all(self.keep);
        limits.access = self.keep_access.unwrap_or(self.keep);
        limits.content = self.keep_content.unwrap_or(self.keep);
        limits.notes = self.keep_notes.unwrap_or(self.keep);
        limits
    }
}

impl Export {
    /// What is archived, and where to.
    ///
    /// # Errors
    ///
    /// Tables are asked for, and not built in.
    pub fn plan(self) -> Result<Plan, Error> {
        let has_tables = tables(self.parquet)?;
        let Self { to: folder, keep, leave: keeps, dry_run: is_dry, .. } = self;
        Ok(Plan { folder, limits: keep.limits(), has_tables, keeps, is_dry })
    }
}

/// Whether tables are wanted, and can be had.
pub(super) fn tables(are_wanted: bool) -> Result<bool, Error> {
    if are_wanted {
        tables_are_built_in()?;
    }
    Ok(are_wanted)
}
