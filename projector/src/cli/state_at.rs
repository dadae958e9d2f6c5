//! The arguments of `projector state-at`.

use clap::Args;
use session_ledger::session::SessionId;
use time::OffsetDateTime;

use super::session_id;
use crate::moment::Moment;
use crate::output::Format;
use crate::state_at::{self, Point};

/// Arguments of `projector state-at`.
#[derive(Debug, Args)]
pub struct StateAt {
    /// The session's public id
    #[arg(value_name = "SESSION", value_parser = session_id)]
    pub session: SessionId,

    /// After the event of this version; after the last one unless given
    #[arg(long, value_name = "NUMBER", conflicts_with = "at")]
    pub version: Option<i64>,

    /// At this moment, in the forms of `projector history --since`
    #[arg(long, value_name = "MOMENT", allow_hyphen_values = true)]
    pub at: Option<Moment>,

    /// List what has changed since this earlier version or moment
    #[arg(long, value_name = "VERSION|MOMENT", value_parser = version_or_moment, allow_hyphen_values = true)]
    pub diff: Option<VersionOrMoment>,

    /// Show the values of the session themselves: they may be personal
    #[arg(long)]
    pub values: bool,

    /// How to write the list
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// A point in the life of a session, as somebody says it.
#[derive(Clone, Copy, Debug)]
pub enum VersionOrMoment {
    /// The version of an event.
    Version(i64),
    /// A moment.
    Moment(Moment),
}

impl StateAt {
    /// The question that these arguments ask at `now`.
    pub fn question(self, now: OffsetDateTime) -> state_at::Question {
        let point = match (self.version, self.at) {
            (Some(version), _) => Point::Version(version),
            (None, Some(at)) => Point::At(at.at(now)),
            (None, None) => Point::Last,
        };
        let since = self.diff.map(|since| match since {
            VersionOrMoment::Version(version) => Point::Version(version),
            VersionOrMoment::Moment(moment) => Point::At(moment.at(now)),
        });
        let Self { session, values, format, .. } = self;
        state_at::Question { session, point, since, with_values: values, format }
    }
}

fn version_or_moment(text: &str) -> Result<VersionOrMoment, String> {
    match text.parse() {
        Ok(version) => Ok(VersionOrMoment::Version(version)),
        Err(_) => text.parse().map(VersionOrMoment::Moment),
    }
}
