//! Key rings that change while an application runs (ASVS 11.2.2, 13.3.4), and the count of seals over
//! restarts (NIST SP 800-38D section 8.3).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use poem::http::Method;
use rand::rngs::SysRng;
use session_ledger::Ledger;
use session_ledger::environment::KeyFile;
use session_ledger::session::Policy;
use session_ledger::token::{KeyProvider, KeyRing, KeyState};
use session_ledger::web::{Incident, Sessions};
use test_support::{App, Database, Visitor, application, key_ring};
use tokio::task::JoinSet;

use KeyState::{AcceptOld, AcceptOnly, Primary, Retired};

/// How many keys take each other's place under load.
const ROTATIONS: usize = 100;

/// How many browsers visit meanwhile.
const BROWSERS: usize = 6;

const POLL: Duration = Duration::from_millis(2);

/// A state of the application that must come.
const PATIENCE: Duration = Duration::from_secs(60);

/// One process: its application, its sessions, and its file with the key ring.
struct Process {
    app: App,
    sessions: Sessions,
    file: PathBuf,
    incidents: Arc<Mutex<Vec<Incident>>>,
    _folder: tempfile::TempDir,
}

impl Process {
    async fn start(ledger: Ledger, ring: &str, poll: Duration) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("keys");
        replace(&file, ring);
        let mut keys = KeyFile::at(&file).poll_every(poll);
        let incidents = Arc::new(Mutex::new(Vec::new()));
        let told = Arc::clone(&incidents);
        let hook = move |incident: &Incident| told.lock().unwrap().push(incident.clone());
        let ring = keys.key_ring().await.unwrap();
        let sessions = Sessions::builder(ledger, ring).on_incident(hook).build().unwrap();
        sessions.follow_keys(keys);
        Self { app: application(sessions.clone()), sessions, file, incidents, _folder: folder }
    }

    /// Gives the process this ring, and waits until it has taken it.
    async fn take(&self, ring: &str) {
        replace(&self.file, ring);
        let wanted: Vec<_> = KeyRing::parse(ring).unwrap().states().filter(is_live).collect();
        wait_until("the ring is taken", || self.sessions.key_states() == wanted).await;
    }

    async fn problem(&self) -> String {
        wait_until("the ring is refused", || !self.incidents.lock().unwrap().is_empty()).await;
        match self.incidents.lock().unwrap().pop().unwrap() {
            Incident::KeyRingRefused { problem } => problem,
            other => panic!("{other:?}"),
        }
    }
}

fn is_live(key: &(session_ledger::token::KeyId, KeyState)) -> bool {
    key.1 != Retired
}

async fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "waited in vain: {what}");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// Writes a file as operators should: beside it, and then in its place.
fn replace(file: &Path, text: &str) {
    let beside = file.with_extension("new");
    fs::write(&beside, text).unwrap();
    fs::rename(beside, file).unwrap();
}

fn entry(state: KeyState) -> String {
    KeyRing::generate_entry(state, &mut SysRng).unwrap()
}

fn moved(entry: &str, state: KeyState) -> String {
    let (_, key) = entry.split_once(' ').unwrap();
    format!("{state} {key}")
}

/// A hundred keys, each given to both processes before one of them seals with it, and retired when no browser
/// holds a token of it. The processes take each step one after the other, and browsers visit both.
#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_rotations_under_load_sign_nobody_out() {
    let database = Database::fresh().await;
    let mut present = entry(Primary);
    let here = Process::start(database.ledger(Policy::default()).await, &present, POLL).await;
    let there = Process::start(database.ledger(Policy::default()).await, &present, POLL).await;
    let load = Load::begin([&here.app, &there.app]).await;

    for nth in 0..ROTATIONS {
        let next = entry(AcceptOnly);
        // Now one process is the first, now the other.
        let processes = if nth % 2 == 0 { [&here, &there] } else { [&there, &here] };
        let steps = [
            (Primary, AcceptOnly),
            (AcceptOld, Primary),
            // The browsers get tokens of the new key in between.
            (Retired, Primary),
        ];
        for (old, new) in steps {
            let ring = format!("{}\n{}\n", moved(&next, new), moved(&present, old));
            for process in processes {
                process.take(&ring).await;
            }
            if old == AcceptOld {
                load.all_have_signed_in_again().await;
            }
        }
        present = moved(&next, Primary);
    }

    let requests = load.end().await;
    assert!(requests > ROTATIONS * BROWSERS, "{requests} requests");
    for process in [here, there] {
        assert!(process.incidents.lock().unwrap().is_empty());
    }
}

/// Browsers that visit both processes, and sign in again when they are asked to.
struct Load {
    browsers: JoinSet<usize>,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    round: AtomicUsize,
    signed_in: AtomicUsize,
    is_over: AtomicBool,
}

impl Load {
    async fn begin(apps: [&App; 2]) -> Self {
        let shared = Arc::new(Shared::default());
        let mut browsers = JoinSet::new();
        for nth in 0..BROWSERS {
            let visitor = Visitor::new(apps[nth % 2]);
            assert_eq!(visitor.get(&format!("/login/user-{nth}")).await.status, 200);
            let tabs = apps.map(|app| visitor.of(app));
            browsers.spawn(browse(tabs, format!("user-{nth}"), Arc::clone(&shared)));
        }
        Self { browsers, shared }
    }

    /// Waits until each browser has a token that was made from now on.
    async fn all_have_signed_in_again(&self) {
        self.shared.signed_in.store(0, Ordering::SeqCst);
        self.shared.round.fetch_add(1, Ordering::SeqCst);
        let shared = Arc::clone(&self.shared);
        wait_until("all have signed in", || shared.signed_in.load(Ordering::SeqCst) == BROWSERS).await;
    }

    /// Returns how many requests there were.
    async fn end(self) -> usize {
        self.shared.is_over.store(true, Ordering::SeqCst);
        self.browsers.join_all().await.into_iter().sum()
    }
}

async fn browse(tabs: [Visitor; 2], user: String, shared: Arc<Shared>) -> usize {
    let (mut requests, mut round) = (0, 0);
    while !shared.is_over.load(Ordering::SeqCst) {
        let tab = &tabs[requests % 2];
        let asked = shared.round.load(Ordering::SeqCst);
        if asked > round {
            round = asked;
            assert_eq!(tab.get(&format!("/login/{user}")).await.status, 200, "{user} signs in again");
            shared.signed_in.fetch_add(1, Ordering::SeqCst);
        }
        let paths = ["/me", "/show", "/renew", "/me", "/add", "/me"];
        let answer = tab.get(paths[requests % paths.len()]).await;
        assert_eq!(answer.status, 200, "a false refusal of {user}: {answer:?}");
        if paths[requests % paths.len()] == "/me" {
            assert_eq!(answer.body, user);
        }
        requests += 1;
    }
    requests
}

#[tokio::test]
async fn a_ring_that_cannot_be_used_is_refused_and_the_present_one_stays() {
    let database = Database::fresh().await;
    let present = entry(Primary);
    let process = Process::start(database.ledger(Policy::default()).await, &present, POLL).await;
    let visitor = Visitor::new(&process.app);
    visitor.get("/login/alice").await;
    let path = process.file.display().to_string();
    let id = present.split(' ').nth(1).unwrap();

    replace(&process.file, "primary hunter2");
    assert_eq!(
        process.problem().await,
        format!(
            "the key ring's file {path} cannot be used: The key ring is wrong at line 1: an entry has 3 words, a state, a \
             key id and a master, and maybe not-after= with a time, but this one has 2."
        )
    );
    replace(&process.file, &entry(Primary));
    assert_eq!(
        process.problem().await,
        format!(
            "The new key ring lacks the key {id}, which seals tokens now, so everybody would be signed out; keep it as \
             accept-old, or as retired if that is what you want."
        )
    );
    fs::remove_file(&process.file).unwrap();
    let problem = process.problem().await;
    assert!(problem.starts_with(&format!("the key ring's file {path} cannot be read: ")), "{problem}");
    replace(&process.file, &" ".repeat(70_000));
    assert_eq!(
        process.problem().await,
        format!("the key ring's file {path} has more than 65536 bytes: it is no key ring")
    );
    assert_eq!(visitor.get("/me").await.body, "alice", "through all of that");
    // The next good one is taken.
    process.take(&format!("{present}\n{}", entry(AcceptOnly))).await;
    assert_eq!(visitor.get("/me").await.body, "alice");
    assert!(process.incidents.lock().unwrap().is_empty());
}

/// Forms and the secrets of offered tokens are under keys of the same ring, and outlive its changes, too.
#[tokio::test]
async fn an_offer_is_sent_again_after_a_rotation() {
    let database = Database::fresh().await;
    let (old, new) = (entry(Primary), entry(AcceptOnly));
    let process =
        Process::start(database.ledger(Policy::default()).await, &format!("{old}\n{new}"), POLL).await;
    let visitor = Visitor::new(&process.app);
    visitor.get("/login/alice").await;
    // The answer with the offered token is lost.
    visitor.call(visitor.request(Method::GET, "/renew", "")).await;
    process.take(&format!("{}\n{}", moved(&new, Primary), moved(&old, AcceptOld))).await;
    assert_eq!(visitor.get("/me").await.set_cookies().len(), 1);
    process.take(&format!("{}\n{}", moved(&new, Primary), moved(&old, Retired))).await;
    assert_eq!(visitor.get("/me").await.body, "alice", "its token is of the new key");
}

/// An operator may ask for it by SIGHUP, and need not wait for the next look at the file.
#[cfg(unix)]
#[tokio::test]
async fn a_hangup_makes_the_process_look_at_its_file() {
    use tokio::signal::unix::{SignalKind, signal};
    // Heard here first: unheard, the signal would end this process.
    let _heard = signal(SignalKind::hangup()).unwrap();
    let database = Database::fresh().await;
    let present = entry(Primary);
    let hour = Duration::from_secs(3_600);
    let process = Process::start(database.ledger(Policy::default()).await, &present, hour).await;
    let next = format!("{present}\n{}", entry(AcceptOnly));
    replace(&process.file, &next);
    let wanted: Vec<_> = KeyRing::parse(&next).unwrap().states().collect();
    let deadline = Instant::now() + PATIENCE;
    while process.sessions.key_states() != wanted {
        assert!(Instant::now() < deadline, "waited in vain");
        let sent = Command::new("kill").args(["-HUP", &std::process::id().to_string()]).status();
        assert!(sent.unwrap().success());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A vault of the application's own.
struct Vault(tokio::sync::mpsc::Receiver<String>, String);

impl KeyProvider for Vault {
    type Error = session_ledger::token::KeyRingError;

    async fn key_ring(&mut self) -> Result<KeyRing, Self::Error> {
        KeyRing::parse(&self.1)
    }

    async fn changed(&mut self) {
        match self.0.recv().await {
            Some(ring) => self.1 = ring,
            None => std::future::pending().await,
        }
    }
}

#[tokio::test]
async fn an_application_may_bring_a_provider_of_its_own() {
    let database = Database::fresh().await;
    let (present, next) = (entry(Primary), entry(AcceptOnly));
    let (sender, receiver) = tokio::sync::mpsc::channel(1);
    let mut vault = Vault(receiver, present.clone());
    let ring = vault.key_ring().await.unwrap();
    let sessions = Sessions::new(database.ledger(Policy::default()).await, ring);
    sessions.follow_keys(vault);
    let visitor = Visitor::new(&application(sessions.clone()));
    visitor.get("/login/alice").await;
    for step in
        [format!("{present};{next}"), format!("{};{}", moved(&next, Primary), moved(&present, AcceptOld))]
    {
        sender.send(step.clone()).await.unwrap();
        let wanted: Vec<_> = KeyRing::parse(&step).unwrap().states().collect();
        wait_until("the ring is taken", || sessions.key_states() == wanted).await;
        assert_eq!(visitor.get("/me").await.body, "alice");
    }
}

/// Tokens that are sealed without a write: those of an open offer, sent again with each answer.
async fn seal(visitor: &Visitor, times: usize) {
    for _ in 0..times {
        let answer = visitor.call(visitor.request(Method::GET, "/show", "")).await;
        assert_eq!((answer.status.as_u16(), answer.set_cookies().len()), (200, 1));
    }
}

async fn with_open_offer(database: &Database) -> Visitor {
    let ledger = database.ledger(Policy::default()).await;
    let visitor = Visitor::new(&application(Sessions::new(ledger, key_ring())));
    visitor.get("/login/alice").await;
    visitor.call(visitor.request(Method::GET, "/renew", "")).await;
    visitor
}

async fn sealed(database: &Database) -> Option<i64> {
    let rows =
        database.connect().await.query("select key_id, sealed from session_ledger.seal_count", &[]).await;
    let rows = rows.unwrap();
    assert!(rows.len() <= 1 && rows.iter().all(|row| row.get::<_, &str>(0) == "0a0b0c0d"));
    rows.first().map(|row| row.get(1))
}

async fn wait_until_sealed(database: &Database, wanted: i64) {
    let deadline = Instant::now() + PATIENCE;
    while sealed(database).await != Some(wanted) {
        assert!(Instant::now() < deadline, "waited in vain: {:?} are recorded", sealed(database).await);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// The second process is the first one after a restart: it goes on from what is recorded.
#[tokio::test]
async fn seals_are_counted_over_restarts() {
    let database = Database::fresh().await;
    for start in 1..=2 {
        let visitor = with_open_offer(&database).await;
        // The login and the offer are two.
        seal(&visitor, 1_021).await;
        assert_eq!(sealed(&database).await, (start > 1).then_some(5_120), "few seals write nothing");
        seal(&visitor, 1).await;
        wait_until_sealed(&database, start * 5_120).await;
    }
}

#[tokio::test]
async fn a_key_that_has_sealed_its_share_is_refused_and_the_next_one_seals() {
    let database = Database::fresh().await;
    // One seal less is left than the first record asks for.
    let full = "insert into session_ledger.seal_count values ('0a0b0c0d', 2147483648 - 5119, now())";
    database.connect().await.batch_execute(full).await.unwrap();
    let ledger = database.ledger(Policy::default()).await;
    let sessions = Sessions::new(ledger, key_ring());
    let visitor = Visitor::new(&application(sessions.clone()));
    visitor.get("/login/alice").await;
    visitor.call(visitor.request(Method::GET, "/renew", "")).await;
    seal(&visitor, 1_022).await;
    let refused = async {
        loop {
            let answer = visitor.call(visitor.request(Method::GET, "/show", "")).await;
            if answer.status != 200 {
                return answer;
            }
        }
    };
    let refused = tokio::time::timeout(PATIENCE, refused).await.expect("the key is refused at last");
    assert!(refused.status.is_server_error(), "{refused:?}");
    assert!(refused.set_cookies().is_empty());
    assert_eq!(sealed(&database).await, Some((1 << 31) - 5_119), "no more than may be");

    let next = entry(Primary);
    let ring = format!("{next};accept-old 0a0b0c0d AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA");
    sessions.reload_keys(&KeyRing::parse(&ring).unwrap()).unwrap();
    assert_eq!(visitor.get("/show").await.status, 200);
    assert_eq!(visitor.get("/me").await.body, "alice");
}
