//! A folder with an archive: its months, and the events that they hold.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Lines};
use std::path::{Path, PathBuf};

use session_ledger::session::{Archived, ChainHash, Client, Recorded, SessionId, UserId};
use zstd::stream::read::Decoder;

use super::ArchiveError;
use super::manifest::Manifest;

/// The months that lie in a folder.
#[derive(Clone, Debug)]
pub struct Folder {
    path: PathBuf,
    /// In the order of time.
    months: Vec<Manifest>,
}

impl Folder {
    /// Reads the manifests of a folder.
    ///
    /// # Errors
    ///
    /// It cannot be read, or holds none.
    pub fn open(path: &Path) -> Result<Self, ArchiveError> {
        let mut months = Vec::new();
        for file in fs::read_dir(path).map_err(ArchiveError::of(path))? {
            let file = file.map_err(ArchiveError::of(path))?.path();
            let is_manifest = file.extension().is_some_and(|extension| extension == "json");
            if is_manifest && let Some(manifest) = Manifest::read(&file)? {
                months.push(manifest);
            }
        }
        if months.is_empty() {
            return Err(ArchiveError::Empty { path: path.to_owned() });
        }
        months.sort_by(|one, other| one.partition.cmp(&other.partition));
        Ok(Self { path: path.to_owned(), months })
    }

    /// The months, the oldest first.
    pub fn months(&self) -> &[Manifest] {
        &self.months
    }

    /// The events of a month, once its file is found to be the one that was written. Each is checked against
    /// the chain of its session.
    ///
    /// # Errors
    ///
    /// The file is missing or another. An item is an error where it is damaged.
    pub fn events(&self, month: &Manifest) -> Result<Events, ArchiveError> {
        month.check_file(&self.path)?;
        let path = self.path.join(&month.file);
        let file = File::open(&path).map_err(ArchiveError::of(&path))?;
        let decoder = Decoder::new(file).map_err(ArchiveError::of(&path))?;
        let lines = BufReader::new(decoder).lines();
        Ok(Events { path, lines, left: month.events, before: None })
    }

    /// Makes sure that the table of a month is the one that was written, if there is one.
    ///
    /// # Errors
    ///
    /// The file is missing or another.
    pub fn check_table(&self, month: &Manifest) -> Result<(), ArchiveError> {
        month.check_table(&self.path)
    }

    /// The events of a session in order, each with the client that sent it; none if it is in no month.
    ///
    /// # Errors
    ///
    /// The file of its month is missing or damaged.
    pub fn session(&self, session: SessionId) -> Result<Vec<Recorded>, ArchiveError> {
        let Some(month) = self.months.iter().find(|month| month.is_for(session)) else {
            return Ok(Vec::new());
        };
        let mut events = Vec::new();
        for event in self.events(month)? {
            let Archived { recorded, .. } = event?;
            if recorded.session_id == session {
                events.push(recorded);
            }
        }
        Ok(with_clients(events))
    }

    /// The events of all sessions that were a user's when they ended, session after session.
    ///
    /// # Errors
    ///
    /// A file is missing or damaged.
    pub fn user(&self, user: &UserId) -> Result<Vec<Recorded>, ArchiveError> {
        let (mut theirs, mut stream): (Vec<Recorded>, Vec<Recorded>) = (Vec::new(), Vec::new());
        let mut take = |stream: &mut Vec<Recorded>| {
            let stream = std::mem::take(stream);
            if stream.last().is_some_and(|last| last.entry.user.as_ref() == Some(user)) {
                theirs.extend(with_clients(stream));
            }
        };
        for month in &self.months {
            for event in self.events(month)? {
                let Archived { recorded, .. } = event?;
                if stream.last().is_some_and(|last| last.session_id != recorded.session_id) {
                    take(&mut stream);
                }
                stream.push(recorded);
            }
        }
        take(&mut stream);
        Ok(theirs)
    }
}

/// The events of a month.
pub struct Events {
    path: PathBuf,
    lines: Lines<BufReader<Decoder<'static, BufReader<File>>>>,
    /// How many the manifest still promises.
    left: u64,
    /// The session, the version and the hash of the event before.
    before: Option<(SessionId, i64, ChainHash)>,
}

impl std::fmt::Debug for Events {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Events").field("path", &self.path).field("left", &self.left).finish_non_exhaustive()
    }
}

impl Iterator for Events {
    type Item = Result<Archived, ArchiveError>;

    fn next(&mut self) -> Option<Self::Item> {
        let Some(line) = self.lines.next() else {
            let missing = std::mem::take(&mut self.left);
            let problem = format!("{missing} of its events are missing");
            return (missing > 0).then(|| Err(ArchiveError::damaged(&self.path, problem)));
        };
        self.left = self.left.saturating_sub(1);
        Some(self.event(line))
    }
}

impl Events {
    fn event(&mut self, line: std::io::Result<String>) -> Result<Archived, ArchiveError> {
        let line = line.map_err(ArchiveError::of(&self.path))?;
        let event =
            Archived::of_line(&line).map_err(|error| ArchiveError::damaged(&self.path, error.to_string()))?;
        let (session, entry) = (event.recorded.session_id, &event.recorded.entry);
        let (version, hash) = match self.before {
            Some((before, version, hash)) if before == session => (version, hash),
            _ => (0, ChainHash::genesis(session)),
        };
        if entry.version != version + 1 || hash.then(entry) != entry.hash {
            let problem = format!("the chain of session {session} breaks at event {}", entry.version);
            return Err(ArchiveError::damaged(&self.path, problem));
        }
        self.before = Some((session, entry.version, entry.hash));
        Ok(event)
    }
}

/// The client of each event, where the events of a session come together and in order.
#[derive(Default)]
pub(super) struct Clients {
    /// The session of the event before, and the client that was said last.
    before: Option<(SessionId, Option<Client>)>,
}

impl Clients {
    /// Gives an event the client that it says or that the events before it say.
    pub(super) fn tell(&mut self, recorded: &mut Recorded) {
        let session = recorded.session_id;
        let known =
            self.before.take().filter(|(before, _)| *before == session).and_then(|(_, client)| client);
        let client = recorded.entry.client.clone().or(known);
        recorded.client.clone_from(&client);
        self.before = Some((session, client));
    }
}

/// The events of one session, each with its client.
fn with_clients(mut events: Vec<Recorded>) -> Vec<Recorded> {
    let mut clients = Clients::default();
    events.iter_mut().for_each(|recorded| clients.tell(recorded));
    events
}
