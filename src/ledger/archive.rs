//! Taking months out of the log: what may go, what was exported, and the end of it.

use time::OffsetDateTime;

use super::{Error, Ledger};
use crate::plain_debug::plain_debug;
use crate::session::{Archived, RetentionLimits, SessionId};
use crate::store::log::partitions::{self, ArchivedPartition, Export, KindCount, Partition, Partitions};
use crate::store::patience::is_locked;

/// Why a month stays in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kept {
    /// One of its sessions is live.
    Live,
    /// Its month is not over.
    Present,
    /// Some of its facts are to be kept until then.
    Until {
        /// The kind that is kept longest.
        kind: String,
        /// Until when.
        at: OffsetDateTime,
    },
    /// It holds a kind that this version does not know.
    Forever {
        /// The kind.
        kind: String,
    },
    /// Subscriptions have not had all of its events.
    Followers {
        /// Their names.
        names: Vec<String>,
    },
}

/// A month was not dropped.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum DropError {
    /// Others use the whole log, such as a verification, and a request would have to wait with this.
    #[error(
        "the log is in use by a transaction that does not end, so partition `{name}` was not dropped: run it again when \
         that has ended"
    )]
    Held {
        /// The month.
        name: String,
    },
    /// The database is away or refuses: what it holds is not what was exported, a session is live, or a
    /// subscription is behind.
    #[error(transparent)]
    Store(#[from] Error),
}

plain_debug!(DropError);

impl std::fmt::Display for Kept {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Live => write!(f, "a session of it is live"),
            Self::Present => write!(f, "its month is not over"),
            Self::Until { kind, at } => write!(f, "its {kind} events are kept until {}", at.date()),
            Self::Forever { kind } => {
                write!(f, "it holds {kind} events, which this version does not know and keeps for ever")
            }
            Self::Followers { names } => {
                write!(f, "not delivered yet to {}: run their relays, or drop them", names.join(", "))
            }
        }
    }
}

impl Ledger {
    /// How the log is divided into months, and what stands in the way of archiving each.
    ///
    /// # Errors
    ///
    /// The database is away, or the role is not granted `session_ledger_auditor`.
    pub async fn partitions(&self) -> Result<Partitions, Error> {
        let client = self.own_connection().await?;
        client.step(partitions::partitions(&client)).await
    }

    /// The months that are in an archive.
    ///
    /// # Errors
    ///
    /// As [`partitions`](Self::partitions).
    pub async fn archived_partitions(&self) -> Result<Vec<ArchivedPartition>, Error> {
        self.lend(async |connection| partitions::archived(connection).await).await
    }

    /// Why a month stays in the log by these limits; none if it may be archived. Reads the month.
    ///
    /// # Errors
    ///
    /// As [`partitions`](Self::partitions).
    pub async fn kept(&self, partition: &Partition, limits: &RetentionLimits) -> Result<Option<Kept>, Error> {
        let now = self.now().await?.at;
        if partition.is_live {
            return Ok(Some(Kept::Live));
        }
        if partition.end_at > now {
            return Ok(Some(Kept::Present));
        }
        let client = self.own_connection().await?;
        let kinds = client.step(partitions::kinds(&client, partition)).await?;
        let kept = kept_by_kinds(&kinds, limits, now);
        let names = &partition.followers_behind;
        Ok(kept.or_else(|| (!names.is_empty()).then(|| Kept::Followers { names: names.clone() })))
    }

    /// Events of a month in the order of sessions and versions: those behind the event `after`, at most
    /// [`PAGE_MAX`](Self::PAGE_MAX). Empty behind the last one.
    ///
    /// # Errors
    ///
    /// As [`partitions`](Self::partitions).
    pub async fn partition_page(
        &self,
        partition: &Partition,
        after: Option<(SessionId, i64)>,
    ) -> Result<Vec<Archived>, Error> {
        self.read(async |connection| partitions::page(connection, partition, after, Self::PAGE_MAX).await)
            .await
    }

    /// Drops a month that was exported. The rows of its sessions in the tables of ended sessions and logins
    /// stay. In one transaction the month goes and is noted as archived, so it is there whole until it is
    /// gone. What does not fit the export is refused.
    ///
    /// # Errors
    ///
    /// See [`DropError`]. It needs the role that owns the schema.
    pub async fn drop_partition(&self, partition: &Partition, export: &Export) -> Result<(), DropError> {
        let client = self.own_connection().await?;
        partitions::drop(&client, partition, export).await.map_err(|error| {
            if is_locked(&error) { DropError::Held { name: partition.name.clone() } } else { error.into() }
        })
    }
}

/// What is kept the longest.
fn kept_by_kinds(kinds: &[KindCount], limits: &RetentionLimits, now: OffsetDateTime) -> Option<Kept> {
    let mut latest: Option<(&str, OffsetDateTime)> = None;
    for KindCount { kind, latest_at, .. } in kinds {
        let Some(until) = limits.until(kind, *latest_at) else {
            return Some(Kept::Forever { kind: kind.clone() });
        };
        if until > now && latest.is_none_or(|(_, at)| until > at) {
            latest = Some((kind, until));
        }
    }
    latest.map(|(kind, at)| Kept::Until { kind: kind.to_owned(), at })
}
