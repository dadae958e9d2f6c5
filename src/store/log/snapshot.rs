//! PostgreSQL's `pg_snapshot`: the transactions that had finished at a moment.

use std::collections::BTreeSet;
use std::error::Error;
use std::fmt;

use bytes::BytesMut;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, accepts, to_sql_checked};

/// The transactions below `next` had finished, except those that were running.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Snapshot {
    /// The id that would be given next.
    next: u64,
    running: BTreeSet<u64>,
}

impl Snapshot {
    /// Before all transactions. The server gives no id below 3.
    pub(crate) const BEGINNING: Self = Self { next: 3, running: BTreeSet::new() };

    /// After all transactions that a server can ever count.
    pub(crate) const END: Self = Self { next: i64::MAX as u64, running: BTreeSet::new() };

    /// Whether the transaction had finished.
    pub(crate) fn shows(&self, id: u64) -> bool {
        id < self.next && !self.running.contains(&id)
    }

    /// This snapshot, moved on: it also shows the transactions up to `last` that are visible in the later
    /// snapshot `now`. The transactions after `last` count as running or as not begun, whether they have
    /// finished or not.
    pub(crate) fn moved(&self, now: &Self, last: u64) -> Self {
        let next = self.next.max(following(last));
        let unfinished = now.running.iter().filter(|id| **id < next);
        let untaken = self.running.iter().filter(|id| **id > last);
        Self { next, running: unfinished.chain(untaken).copied().collect() }
    }

    /// A snapshot that shows what either of the two shows.
    pub(crate) fn joined(&self, other: &Self) -> Self {
        let running = self.running.iter().chain(&other.running);
        let running = running.filter(|id| !self.shows(**id) && !other.shows(**id)).copied().collect();
        Self { next: self.next.max(other.next), running }
    }
}

/// As PostgreSQL writes it.
impl fmt::Display for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:", self.running.first().unwrap_or(&self.next), self.next)?;
        for (nth, id) in self.running.iter().enumerate() {
            write!(f, "{}{id}", if nth == 0 { "" } else { "," })?;
        }
        Ok(())
    }
}

impl Snapshot {
    /// Reads what `Display` writes. None if it is anything else.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let (_, rest) = text.split_once(':')?;
        let (next, running) = rest.split_once(':')?;
        let ids = running.split(',').filter(|id| !id.is_empty()).map(|id| id.parse().ok());
        let snapshot = Self { next: next.parse().ok()?, running: ids.collect::<Option<_>>()? };
        let is_possible = snapshot.next >= 3 && i64::try_from(snapshot.next).is_ok();
        let is_whole = snapshot.running.iter().all(|id| *id >= 3 && *id < snapshot.next);
        (is_possible && is_whole && snapshot.to_string() == text).then_some(snapshot)
    }
}

/// The id that the server gives after this one. It never gives the first three of every 2^32 ids, and a
/// snapshot may not name the first of all.
fn following(id: u64) -> u64 {
    let next = id + 1;
    if next.is_multiple_of(1 << 32) { next + 3 } else { next }
}

/// On the wire: how many transactions were running, the first that may not have finished, the next id to be
/// given, and the running ones in order.
impl<'a> FromSql<'a> for Snapshot {
    fn from_sql(_: &Type, bytes: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        let ids = bytes.get(4..).ok_or("a snapshot without its length")?;
        let mut ids =
            ids.chunks(8).map(|id| Ok::<_, Box<dyn Error + Sync + Send>>(u64::from_be_bytes(id.try_into()?)));
        let next = ids.nth(1).ok_or("a snapshot without its end")??;
        Ok(Self { next, running: ids.collect::<Result<_, _>>()? })
    }

    accepts!(PG_SNAPSHOT);
}

impl ToSql for Snapshot {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        out.extend_from_slice(&i32::try_from(self.running.len())?.to_be_bytes());
        let first = self.running.first().unwrap_or(&self.next);
        for id in [first, &self.next].into_iter().chain(&self.running) {
            out.extend_from_slice(&id.to_be_bytes());
        }
        Ok(IsNull::No)
    }

    accepts!(PG_SNAPSHOT);
    to_sql_checked!();
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The ids of a small world, from the first that is ever given.
    const FIRST: u64 = 3;
    const END: u64 = 8;

    /// All snapshots of that world in which, of `candidates`, any may be running.
    fn snapshots(next: u64, candidates: &[u64]) -> impl Iterator<Item = Snapshot> + '_ {
        (0..1_u32 << candidates.len()).map(move |chosen| {
            let running = candidates.iter().enumerate().filter(|(nth, _)| chosen >> nth & 1 == 1);
            Snapshot { next, running: running.map(|(_, id)| *id).collect() }
        })
    }

    #[test]
    fn a_moved_snapshot_shows_what_was_taken_and_nothing_else() {
        let mut tried = 0;
        for next in FIRST..=END {
            for cursor in snapshots(next, &Vec::from_iter(FIRST..next)) {
                for later in next..=END {
                    let may_run = Vec::from_iter(cursor.running.iter().copied().chain(next..later));
                    for now in snapshots(later, &may_run) {
                        for last in (FIRST..later).filter(|id| now.shows(*id) && !cursor.shows(*id)) {
                            let moved = cursor.moved(&now, last);
                            for id in FIRST..=END {
                                let taken = now.shows(id) && id <= last;
                                assert_eq!(
                                    moved.shows(id),
                                    cursor.shows(id) || taken,
                                    "{id} after {cursor:?} moved to {last} of {now:?}"
                                );
                            }
                            tried += 1;
                        }
                    }
                }
            }
        }
        assert!(tried > 1_000, "{tried}");
    }

    #[test]
    fn two_joined_snapshots_show_what_either_shows() {
        let all = || {
            (FIRST..=END).flat_map(|next| snapshots(next, &Vec::from_iter(FIRST..next)).collect::<Vec<_>>())
        };
        for one in all() {
            for other in all() {
                let joined = one.joined(&other);
                for id in FIRST..=END {
                    assert_eq!(
                        joined.shows(id),
                        one.shows(id) || other.shows(id),
                        "{id} of {one:?} and {other:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_written_snapshot_is_read_and_nothing_else_is() {
        for text in ["3:3:", "7:10:7", "5:10:5,9"] {
            assert_eq!(Snapshot::read(text).unwrap().to_string(), text);
        }
        for text in [
            "",
            "3:3",
            "2:2:",
            "7:10:8",
            "9:10:9,5",
            "5:10:5,10",
            "5:10:5,",
            "a:3:",
            "3:99999999999999999999:",
        ] {
            assert_eq!(Snapshot::read(text), None, "{text}");
        }
    }

    #[test]
    fn the_ids_that_are_never_given_are_passed_over() {
        let cursor = Snapshot { next: 3, running: BTreeSet::new() };
        let now = Snapshot { next: u64::MAX, running: BTreeSet::new() };
        assert_eq!(cursor.moved(&now, 4_294_967_295).next, 4_294_967_299);
        assert_eq!(cursor.moved(&now, 4_294_967_294).next, 4_294_967_295);
    }

    #[test]
    fn what_is_written_reads_as_the_same() {
        let snapshots = [vec![], vec![7], vec![5, 9]];
        for running in snapshots {
            let snapshot = Snapshot { next: 10, running: running.into_iter().collect() };
            let mut bytes = BytesMut::new();
            snapshot.to_sql(&Type::PG_SNAPSHOT, &mut bytes).unwrap();
            assert_eq!(Snapshot::from_sql(&Type::PG_SNAPSHOT, &bytes).unwrap(), snapshot);
        }
    }

    #[test]
    fn bytes_that_are_cut_off_are_no_snapshot() {
        for length in [0, 4, 12, 23] {
            assert!(Snapshot::from_sql(&Type::PG_SNAPSHOT, &vec![1; length]).is_err(), "{length}");
        }
    }
}
