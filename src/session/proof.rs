//! What a session remembers of its user's proofs besides the latest, and of what the user may do once.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use time::OffsetDateTime;

use super::microseconds::{from_microseconds, microseconds};

/// A method by which the user has proved who they are, and when they did last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// The method, as in [`LoggedIn::methods`](super::LoggedIn::methods).
    pub method: String,
    /// When the user last proved it.
    #[serde(serialize_with = "write", deserialize_with = "read")]
    pub at: OffsetDateTime,
}

/// Something that the user may do once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// The operation.
    pub operation: String,
    /// When the grant is void.
    #[serde(serialize_with = "write", deserialize_with = "read")]
    pub until: OffsetDateTime,
}

/// How many methods a session remembers besides those of the latest proof. Older ones count as never proved.
const PROOFS_MAX: usize = 8;

/// How many grants wait at a time. One more takes the place of the oldest.
const GRANTS_MAX: usize = 4;

/// Remembers that `methods` were proved at `at`, before a proof by `anew`.
pub(super) fn remember(proofs: &mut Vec<Proof>, methods: Vec<String>, at: OffsetDateTime, anew: &[String]) {
    proofs.retain(|proof| !anew.contains(&proof.method) && !methods.contains(&proof.method));
    for method in methods {
        if !anew.contains(&method) && proofs.iter().all(|proof| proof.method != method) {
            proofs.push(Proof { method, at });
        }
    }
    let surplus = proofs.len().saturating_sub(PROOFS_MAX);
    proofs.drain(..surplus);
}

/// Adds a grant at the time `now`, in place of one for the same operation. Grants that are void are
/// forgotten.
pub(super) fn give(grants: &mut Vec<Grant>, grant: Grant, now: OffsetDateTime) {
    grants.retain(|old| old.operation != grant.operation && now < old.until);
    grants.push(grant);
    let surplus = grants.len().saturating_sub(GRANTS_MAX);
    grants.drain(..surplus);
}

fn write<S: Serializer>(at: &OffsetDateTime, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_i64(microseconds(*at))
}

fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<OffsetDateTime, D::Error> {
    i64::deserialize(deserializer).map(from_microseconds)
}
