//! The commands about subscriptions.

use clap::Subcommand;

use crate::output::Format;

/// Commands about subscriptions.
#[derive(Debug, Subcommand)]
pub enum Subscriptions {
    /// List the subscriptions
    ///
    /// Tells of each how many events it was not delivered yet (LAG), when the first of these was recorded
    /// (SINCE), how many it was, when it last moved, and which relay holds it. A lag is counted up to 100000.
    /// Exit code 1: there are none. It needs a role that is granted session_ledger_auditor,
    /// session_ledger_relay or session_ledger_operator.
    ///
    /// A terminal that is too narrow does without columns that are empty, then without MOVED, DELIVERED,
    /// SINCE and HELD BY, in this order.
    ///
    /// Example: projector subscriptions list --format json
    List {
        /// How to write the list
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Drop a subscription that nobody holds, with its place in the log
    ///
    /// A relay of that name would start at the beginning of the log again. It needs a role that is granted
    /// session_ledger_operator.
    ///
    /// Example: projector subscriptions drop audit
    Drop {
        /// The exact name
        #[arg(value_name = "NAME")]
        name: String,
    },
}
