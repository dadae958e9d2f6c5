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

/// What the threads of this process have used so far. Linux only: zero elsewhere.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Usage {
    /// CPU time outside of the kernel, in seconds.
    pub user_seconds: f64,
    /// CPU time in the kernel.
    pub system_seconds: f64,
    /// How often a thread has given up its processor, as it had nothing to do.
    pub waits: f64,
}

impl Usage {
    /// Reads the kernel's account.
    pub fn read() -> Self {
        let stat = read_stat(std::process::id()).unwrap_or_default();
        let tasks = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
        let statuses = tasks.filter_map(|task| fs::read_to_string(task.path().join("status")).ok());
        Self {
            user_seconds: stat.user_seconds,
            system_seconds: stat.system_seconds,
            waits: statuses.filter_map(|status| waits_in(&status)).sum(),
        }
    }

    /// The difference from `before`, for each of so many pieces of work.
    #[must_use]
    pub fn since(self, before: Self, pieces: f64) -> Self {
        Self {
            user_seconds: (self.user_seconds - before.user_seconds) / pieces,
            system_seconds: (self.system_seconds - before.system_seconds) / pieces,
            waits: (self.waits - before.waits) / pieces,
        }
    }
}

/// The voluntary context switches of a thread, by its `/proc/…/status`.
fn waits_in(status: &str) -> Option<f64> {
    status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:")?.trim().parse().ok())
}

#[derive(Default)]
struct Stat {
    parent: u32,
    /// Of its ended children, too.
    seconds: f64,
    user_seconds: f64,
    system_seconds: f64,
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
    let seconds = |fields: &[&str]| -> f64 {
        fields.iter().filter_map(|field| field.parse::<f64>().ok()).sum::<f64>() / 100.0
    };
    Some(Stat {
        parent: fields.get(1)?.parse().ok()?,
        seconds: seconds(fields.get(11..15)?),
        user_seconds: seconds(&fields[11..12]),
        system_seconds: seconds(&fields[12..13]),
    })
}

#[test]
fn the_time_of_a_process_is_read_behind_its_name() {
    let line = "42 (a) b) S 7 42 42 0 -1 4194560 1 2 3 4 150 50 25 25 20 0 1 0 100 0 0";
    let stat = stat_of(line).expect("a line of proc(5)");
    assert_eq!((stat.parent, stat.seconds), (7, 2.5));
    assert_eq!((stat.user_seconds, stat.system_seconds), (1.5, 0.5));
}

#[test]
fn the_waits_of_a_thread_are_the_voluntary_ones() {
    let status = "Name:\tworker\nnonvoluntary_ctxt_switches:\t9\nvoluntary_ctxt_switches:\t42\n";
    assert_eq!(waits_in(status), Some(42.0));
}
