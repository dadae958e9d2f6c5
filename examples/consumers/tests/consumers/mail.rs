//! One mail for each new device, whatever becomes of the lines on their way.

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Duration;

use consumers::mail::Mailer;
use projector::envelope::{Telling, envelopes};
use session_ledger::Ledger;
use session_ledger::inbox::Receipt;
use session_ledger::session::Policy;
use session_ledger::web::Sessions;
use test_support::{Database, Visitor, application, key_ring};
use tokio_postgres::config::Host;

use super::events;

const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);

/// A ledger in which alice has signed in with two browsers, with one of them twice, and bob with one.
struct Scene {
    database: Database,
    ledger: Ledger,
    /// The lines of the relay.
    lines: Vec<Vec<u8>>,
    mailers: Database,
}

impl Scene {
    async fn set() -> Self {
        let database = Database::fresh().await;
        let ledger = database.ledger(Policy::default()).await;
        let sessions = Sessions::builder(ledger.clone(), key_ring()).known_devices(YEAR).build().unwrap();
        let app = application(sessions);
        let browsers = [Visitor::new(&app), Visitor::new(&app), Visitor::new(&app)];
        for (nth, path) in
            [(0, "/login/alice"), (1, "/login/alice"), (2, "/login/bob"), (0, "/logout"), (0, "/login/alice")]
        {
            browsers[nth].post(path, "").await;
        }
        let telling = Telling { source: "/shop/sessions".to_owned(), ..Telling::default() };
        let told = envelopes(&ledger, &events(&ledger).await, &telling).await.unwrap();
        let lines = told.iter().map(|envelope| envelope.line().unwrap()).collect();
        Self { database, ledger, lines, mailers: Database::fresh().await }
    }

    async fn mailer(&self, log: Option<&Ledger>) -> Mailer {
        Mailer::open(self.mailers.connect().await, log.cloned()).await.unwrap()
    }

    /// Who was mailed, in the order of the alphabet.
    async fn mailed(&self) -> Vec<String> {
        let client = self.mailers.connect().await;
        let rows = client.query("select user_id from mail order by user_id", &[]).await.unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    }
}

const EACH_DEVICE: [&str; 3] = ["alice", "alice", "bob"];

#[tokio::test]
async fn there_is_one_mail_for_each_new_device_however_often_the_lines_come() {
    let scene = Scene::set().await;
    let mut mailer = scene.mailer(None).await;
    for expected in [Receipt::New, Receipt::Seen, Receipt::Seen] {
        for line in &scene.lines {
            assert_eq!(mailer.receive(line).await.unwrap(), expected);
        }
        assert_eq!(scene.mailed().await, EACH_DEVICE);
    }
}

#[tokio::test]
async fn what_got_lost_is_read_from_the_log_before_what_has_arrived() {
    let scene = Scene::set().await;
    let mut mailer = scene.mailer(Some(&scene.ledger)).await;
    // Backwards: of each session the last line comes first.
    for line in scene.lines.iter().rev() {
        let _: Receipt = mailer.receive(line).await.unwrap();
    }
    assert_eq!(scene.mailed().await, EACH_DEVICE);
}

#[tokio::test]
async fn a_mailer_that_may_not_read_the_log_says_what_is_missing_and_mails_nothing() {
    let scene = Scene::set().await;
    let mut mailer = scene.mailer(None).await;
    let told = mailer.receive(&scene.lines[scene.lines.len() - 1]).await.unwrap_err().to_string();
    assert!(told.contains("is missing the events after version 0 and before"), "{told}");
    assert_eq!(scene.mailed().await, [""; 0]);
}

#[tokio::test]
async fn the_program_reads_lines_and_the_log_where_one_is_missing() {
    let scene = Scene::set().await;
    let mut program = Command::new(env!("CARGO_BIN_EXE_new-device-mail"))
        .env("MAIL_DATABASE_URL", address(&scene.mailers))
        .env("LEDGER_URL", address(&scene.database))
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = program.stdin.take().unwrap();
    // Every line but the first.
    scene.lines[1..].iter().for_each(|line| input.write_all(line).unwrap());
    drop(input);
    let output = program.wait_with_output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{told}");
    assert_eq!(told.lines().count(), scene.lines.len() - 1, "{told}");
    assert_eq!(scene.mailed().await, EACH_DEVICE);
}

/// The address of a database, as libpq reads it.
fn address(database: &Database) -> String {
    let config = database.config();
    let host = match &config.get_hosts()[0] {
        Host::Tcp(name) => name.clone(),
        Host::Unix(folder) => folder.display().to_string(),
    };
    let port = config.get_ports().first().copied().unwrap_or(5432);
    let user = config.get_user().unwrap();
    format!("host={host} port={port} user={user} dbname={}", database.name())
}
