//! The arguments that say how events are told.

use clap::Args;

use crate::envelope;
use crate::relay::SOURCE;

/// How events are told to others.
#[derive(Debug, Args)]
pub struct Telling {
    /// The `source` of the events: a URI reference that names this log
    #[arg(long, value_name = "URI", default_value = SOURCE)]
    pub source: String,

    /// Tell personal fields, too: clients' addresses and browsers, and why somebody acted as somebody else
    #[arg(long)]
    pub personal: bool,

    /// Do not name this value, nor tell what notes of this name say; may be given several times
    ///
    /// That a value has changed, and that something was noted, is told all the same.
    #[arg(long, value_name = "NAME")]
    pub withhold: Vec<String>,
}

impl Telling {
    pub(super) fn settings(self) -> envelope::Telling {
        let Self { source, personal, withhold } = self;
        envelope::Telling { source, personal, withheld: withhold }
    }
}
