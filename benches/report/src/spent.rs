//! The resources that a server has used: CPU by the kernel's account, commits and WAL by PostgreSQL's.

use std::collections::BTreeMap;
use std::fs;

use tokio_postgres::Client;

/// PostgreSQL's own counters at a moment. A backend reports commits and aborts about once a second while it
/// is busy, and ten seconds after it has become idle, so those of other connections come late.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counters {
    /// Transactions committed in this database.
    pub commits: i64,
    /// Transactions rolled back in this database.
    pub aborts: i64,
    /// Bytes of WAL written by the whole server.
    pub wal_bytes: i64,
}

impl Counters {
    /// Reads the counters.
    ///
    /// # Errors
    ///
    /// The database is away.
    pub async fn read(client: &Client) -> Result<Self, tokio_postgres::Error> {
        let row = client.query_one(include_str!("spent.sql"), &[]).await?;
        Ok(Self {
            commits: row.try_get("commits")?,
            aborts: row.try_get("aborts")?,
            wal_bytes: row.try_get("wal_bytes")?,
        })
    }

    /// The difference from `before`.
    #[must_use]
    pub fn since(self, before: Self) -> Self {
        Self {
            commits: self.commits - before.commits,
            aborts: self.aborts - before.aborts,
            wal_bytes: self.wal_bytes - before.wal_bytes,
        }
    }
}

/// The CPU time of a process and its ended children, in seconds. Linux only: zero elsewhere.
pub fn cpu_seconds(process: u32) -> f64 {
    read_stat(process).map_or(0.0, |stat| stat.seconds)
}

/// The CPU time of a process and all processes below it, as a server and its workers are.
pub fn cpu_seconds_of_descendants(process: u32) -> f64 {
    let stats: BTreeMap<u32, Stat> = processes().filter_map(|id| Some((id, read_stat(id)?))).collect();
    let is_below = |mut id: u32| loop {
        match stats.get(&id) {
            _ if id == process => return true,
            Some(stat) if stat.parent != 0 => id = stat.parent,
            _ => return false,
        }
    };
    stats.iter().filter(|(id, _)| is_below(**id)).map(|(_, stat)| stat.seconds).sum()
}

struct Stat {
    parent: u32,
    seconds: f64,
}

fn processes() -> impl Iterator<Item = u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

fn read_stat(process: u32) -> Option<Stat> {
    stat_of(&fs::read_to_string(format!("/proc/{process}/stat")).ok()?)
}

/// The fields after the name in brackets, as the name may hold anything: the parent is the 2nd, and user and
/// system time, own and of ended children, are the 12th to 15th, in hundredths of a second (proc(5)).
fn stat_of(line: &str) -> Option<Stat> {
    let fields: Vec<&str> = line.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks: f64 = fields.get(11..15)?.iter().filter_map(|field| field.parse::<f64>().ok()).sum();
    Some(Stat { parent: fields.get(1)?.parse().ok()?, seconds: ticks / 100.0 })
}

#[test]
fn the_time_of_a_process_is_read_behind_its_name() {
    let line = "42 (a) b) S 7 42 42 0 -1 4194560 1 2 3 4 150 50 25 25 20 0 1 0 100 0 0";
    let stat = stat_of(line).expect("a line of proc(5)");
    assert_eq!((stat.parent, stat.seconds), (7, 2.5));
}
