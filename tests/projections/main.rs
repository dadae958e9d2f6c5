//! Tables that applications derive from the log: inline and followed, verified and derived anew.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../../examples/projections/devices.rs"]
mod devices;
mod examples;
mod followed;
mod inline;
mod lives;
#[path = "../../examples/projections/logins_per_day.rs"]
mod logins_per_day;
mod parked;
mod replay;
mod rights;
mod words;

use session_ledger::Ledger;
use session_ledger::ledger::{Followed, Projection};
use session_ledger::session::{Event, Noted, SessionId};
use test_support::{Database, append};
use time::OffsetDateTime;
use tokio_postgres::Client;

/// A database with the tables of all projections here, its ledger, and a connection.
struct Scene {
    database: Database,
    ledger: Ledger,
    client: Client,
}

impl Scene {
    async fn set() -> Self {
        let database = Database::fresh().await;
        let client = database.connect().await;
        for tables in [include_str!("../../examples/projections/tables.sql"), words::TABLES, lives::TABLES] {
            client.batch_execute(tables).await.unwrap();
        }
        let ledger = database.builder().connect().await.unwrap();
        Self { database, ledger, client }
    }

    /// Appends the first event of a new session: a word.
    async fn say(&self, word: &str) -> SessionId {
        let session = session_id();
        self.say_in(session, 1, word).await;
        session
    }

    /// Appends an event of a session: a word.
    async fn say_in(&self, session: SessionId, version: i64, word: &str) {
        append(&self.client, session, version, &said(word)).await.unwrap();
    }

    async fn run(&self, statements: &str) {
        self.client.batch_execute(statements).await.unwrap();
    }

    /// The first column of each row, as text.
    async fn texts(&self, query: &str) -> Vec<String> {
        self.client.query(query, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
    }

    /// The words that were counted, in order, such as `tea 2`.
    async fn words(&self) -> Vec<String> {
        self.texts("select word || ' ' || times from word order by word").await
    }

    async fn assert_equal(&self, projection: &dyn Projection) {
        let differences = self.ledger.verify_projection(projection, |_| {}).await.unwrap();
        assert!(differences.is_equal(), "{differences:?}");
    }
}

fn said(word: &str) -> Event {
    Event::Noted(Noted::of_text("said", word))
}

/// Follows until there is nothing new.
async fn drain<P: Projection>(followed: &mut Followed<P>) {
    while !followed.step(20).await.unwrap().is_up_to_date {}
}

fn session_id() -> SessionId {
    SessionId::new(OffsetDateTime::now_utc(), rand::random())
}
