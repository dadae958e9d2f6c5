//! A month of the log with a few sessions in it, and a folder for its archive.

use std::path::PathBuf;
use std::process::{Command, Output};

use session_ledger::Ledger;
use session_ledger::ledger::{Partition, RebuildOptions};
use session_ledger::session::{EndReason, Ended, Event, Noted, SessionId, Value, ValueSet};
use tempfile::TempDir;
use test_support::Database;
use time::macros::datetime;
use tokio_postgres::config::Host;

use crate::stories::{self, Form};

/// The month of the stories.
pub(crate) const MONTH: &str = "event_2025_03";

pub(crate) struct Scene {
    pub(crate) database: Database,
    pub(crate) ledger: Ledger,
    pub(crate) folder: TempDir,
    /// A session with facts of each class.
    pub(crate) session: SessionId,
    /// Another one.
    pub(crate) other: SessionId,
}

pub(crate) fn ended() -> Event {
    Event::Ended(Ended::new(EndReason::LoggedOut, datetime!(2025-03-01 09:01 UTC)))
}

fn facts(more: Vec<Event>) -> Vec<Event> {
    let set = Event::ValueSet(ValueSet::new("cart".into(), Value::new(1, b"a book".to_vec())));
    let noted = Event::Noted(Noted::of_text("ordered", "number 42"));
    [vec![stories::alice_logs_in(), set, noted], more].concat()
}

impl Scene {
    /// All sessions of the month have ended.
    pub(crate) async fn over() -> Self {
        Self::set(vec![ended()], vec![ended()]).await
    }

    /// With these events at the end of the two sessions.
    pub(crate) async fn set(end: Vec<Event>, end_of_other: Vec<Event>) -> Self {
        Self::written(end, end_of_other, Form::Salted).await
    }

    /// The same, the first session in the form of an older version or of today's.
    pub(crate) async fn written(end: Vec<Event>, end_of_other: Vec<Event>, form: Form) -> Self {
        let database = Database::fresh().await;
        let month = "select session_ledger.make_event_partition('2025-03-01Z');
                     select session_ledger.attach_event_partition('2025-03-01Z')";
        database.connect().await.batch_execute(month).await.unwrap();
        let session = stories::session_in(&database, 1, facts(end), form).await;
        let other =
            stories::session_of(&database, 2, [vec![stories::alice_logs_in()], end_of_other].concat()).await;
        let ledger = crate::open(&database).await;
        ledger.rebuild(RebuildOptions::default().while_connected(), |_| {}).await.unwrap();
        Self { database, ledger, folder: tempfile::tempdir().unwrap(), session, other }
    }

    /// The month, while it is in the log.
    pub(crate) async fn month(&self) -> Option<Partition> {
        self.ledger.partitions().await.unwrap().months.into_iter().find(|one| one.name == MONTH)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The arguments of an export into the folder.
    pub(crate) fn export(&self, more: &[&str]) -> Output {
        let folder = self.folder.path().to_str().unwrap();
        projector(&self.database).args(["archive", "export", "--to", folder]).args(more).output().unwrap()
    }

    /// What the command prints, from the log.
    pub(crate) fn told(&self, arguments: &[&str]) -> String {
        stdout(projector(&self.database).args(arguments).output().unwrap())
    }

    /// What `history` prints, from the archive alone.
    pub(crate) fn told_by_archive(&self, arguments: &[&str]) -> String {
        let mut command = Command::new(env!("CARGO_BIN_EXE_projector"));
        command.env_remove("DATABASE_URL").args(["history", "--archive"]).arg(self.folder.path());
        stdout(command.args(arguments).output().unwrap())
    }

    /// Asserts that no row differs from the log, and that nobody's cursor does.
    pub(crate) async fn is_sound(&self) {
        let found = self.ledger.verify(|_| {}).await.unwrap();
        assert_eq!((&found.differences[..], &found.irregularities[..]), (&[][..], &[][..]));
    }
}

/// The program, with a database.
pub(crate) fn projector(database: &Database) -> Command {
    let config = database.config();
    let host = match &config.get_hosts()[0] {
        Host::Tcp(name) => name.clone(),
        Host::Unix(folder) => folder.display().to_string(),
    };
    let mut command = Command::new(env!("CARGO_BIN_EXE_projector"));
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("PG")) {
        command.env_remove(name);
    }
    let port = config.get_ports().first().copied().unwrap_or(5432);
    let (user, name) = (config.get_user().unwrap(), config.get_dbname().unwrap());
    let mut address = format!("host={host} port={port} user={user} dbname={name}");
    if let Some(password) = config.get_password() {
        address += &format!(" password={}", String::from_utf8_lossy(password));
    }
    command.env("DATABASE_URL", address).env_remove("RUST_LOG");
    command
}

/// What a command has printed that went well.
pub(crate) fn stdout(output: Output) -> String {
    let told = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{told}{}", String::from_utf8_lossy(&output.stderr));
    told
}

/// What a command has said that did not.
pub(crate) fn refusal(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}
