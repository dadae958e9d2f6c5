//! Sessions of all kinds, written to the log event by event.
//!
//! Their rows come from [`Ledger::rebuild`]; some then end by [`Ledger::end`], whose statement writes the log
//! and the row together.

use futures_util::future::join_all;
use session_ledger::Ledger;
use session_ledger::internals::{Draft, Origin, Wish};
use session_ledger::ledger::{End, RebuildOptions};
use session_ledger::session::{
    Client as From, ClientProof, Encoded, Entry, Event, EventId, Policy, RenewalOffered, SessionId,
    SessionState, TokenHash,
};
use test_support::Database;
use time::{Duration, OffsetDateTime};
use tokio_postgres::Client;
use uuid::Uuid;

use super::stories::{self, set};

/// Sessions in a database, by their stories.
pub(crate) struct Population {
    pub(crate) ledger: Ledger,
    sessions: Vec<(String, SessionId)>,
}

impl Population {
    /// Sessions of all kinds, live and ended.
    pub(crate) async fn settle(database: &Database) -> Self {
        let client = database.connect().await;
        let mut sessions = Vec::new();
        for (nth, (what, requests)) in stories::all().into_iter().enumerate() {
            let id = id(nth);
            insert(&client, id, &write(id, requests)).await;
            sessions.push((what, id));
        }
        let id = id(sessions.len());
        insert(&client, id, &of_a_later_version(id)).await;
        sessions.push(("of a later version".into(), id));
        drop(client);

        let ledger = Ledger::builder(database.config()).connect().await.unwrap();
        ledger.rebuild(RebuildOptions::default(), |_| {}).await.unwrap();
        let population = Self { ledger, sessions };
        population.end_some().await;
        population
    }

    /// The session of the story `what`.
    pub(crate) fn session(&self, what: &str) -> SessionId {
        let found = self.sessions.iter().find(|(is, _)| is == what);
        found.unwrap_or_else(|| panic!("no session is {what}")).1
    }

    pub(crate) fn sessions(&self) -> u64 {
        self.sessions.len() as u64
    }

    async fn end_some(&self) {
        for reason in stories::reasons() {
            let session = self.session(&stories::to_be_ended(&reason));
            assert!(self.ledger.end(session, End::because(reason).by("admin")).await.unwrap());
        }
    }
}

/// Writes `count` sessions of three events each, a session each millisecond.
pub(crate) async fn crowd(client: &Client, count: usize) {
    let start = start();
    client.batch_execute("begin").await.unwrap();
    for numbers in (0..count).collect::<Vec<_>>().chunks(100) {
        let sessions = numbers.iter().map(async |nth| {
            let id = SessionId::new(start + Duration::milliseconds(*nth as i64), [9; 10]);
            insert(client, id, &write(id, vec![vec![set("one", b"1"), set("two", b"2")]])).await;
        });
        join_all(sessions).await;
    }
    client.batch_execute("commit").await.unwrap();
}

/// Writes an event behind a session's last one, of any kind.
pub(crate) async fn append(client: &Client, ledger: &Ledger, session: SessionId, event: Event) {
    let mut state = ledger.state_at(session, i64::MAX).await.unwrap();
    insert(client, session, &[next(&mut state, event)]).await;
}

fn start() -> OffsetDateTime {
    let now = OffsetDateTime::now_utc() - Duration::hours(1);
    now.replace_nanosecond(now.microsecond() * 1000).unwrap()
}

fn id(nth: usize) -> SessionId {
    SessionId::new(start(), [nth as u8; 10])
}

/// The entries of a session's requests, a second apart.
fn write(id: SessionId, requests: Vec<Vec<Wish>>) -> Vec<Entry> {
    let bytes_max = Policy::default().state_bytes_max;
    let mut draft = Draft::anonymous(id, Policy::default().timeouts(), bytes_max);
    let mut at = start();
    let mut entries = Vec::new();
    for wishes in requests {
        for wish in wishes {
            draft.wish(wish, at).unwrap();
        }
        let client = From::new(Some([192, 0, 2, 7].into()), Some("Mozilla/5.0"));
        let origin = Origin { at, client, actor: None };
        let written = draft.write(TokenHash::from_bytes([7; 32]), &origin, random).unwrap();
        entries.extend(written.entries);
        draft = Draft::stored(id, written.state, bytes_max);
        at += Duration::seconds(1);
    }
    entries
}

/// A session with events that this version does not write: one of a known kind, and one of an unknown kind.
fn of_a_later_version(id: SessionId) -> Vec<Entry> {
    let mut entries = write(id, vec![vec![set("before", b"1")]]);
    let mut state = SessionState::replay(&entries).unwrap();
    let offered = RenewalOffered::new(TokenHash::from_bytes([8; 32]));
    let unknown = Encoded::new("teleported", 3, b"to the moon");
    entries.push(next(&mut state, Event::RenewalOffered(offered)));
    entries.push(next(&mut state, Event::Unknown(unknown)));
    let mut draft = Draft::stored(id, state.clone(), Policy::default().state_bytes_max);
    draft.wish(set("after", b"2"), state.changed_at).unwrap();
    let origin = Origin { at: state.changed_at, client: From::default(), actor: None };
    entries.extend(draft.write(TokenHash::default(), &origin, random).unwrap().entries);
    entries
}

fn next(state: &mut SessionState, event: Event) -> Entry {
    let at = state.changed_at + Duration::seconds(1);
    let mut entry = Entry::new(state.version + 1, EventId::from_random(random()), event.encode(), at);
    entry.user = state.user.clone();
    entry.hash = state.head.then(&entry);
    state.advance(&entry).unwrap();
    entry
}

fn random() -> [u8; 16] {
    Uuid::new_v4().into_bytes()
}

async fn insert(client: &Client, session: SessionId, entries: &[Entry]) {
    let insert = "insert into session_ledger.event (
            session_id, version, event_id, kind, shape, user_id, actor, payload, hash, occurred_at, client_ip, user_agent,
            client_proof
        ) values ($1, $2::bigint, $3, $4, $5, $6, $7, $8, $9::bytea, $10, $11, $12, $13)";
    let statement = client.prepare(insert).await.unwrap();
    for entry in entries {
        let user = entry.user.as_ref().map(|user| user.as_str());
        let actor = entry.actor.as_ref().map(|actor| actor.as_str());
        let (client_ip, user_agent) = From::columns(entry.client.as_ref());
        let inserted = client
            .execute(
                &statement,
                &[
                    &session.as_uuid(),
                    &entry.version,
                    &entry.event_id.as_uuid(),
                    &entry.encoded.kind(),
                    &entry.encoded.shape(),
                    &user,
                    &actor,
                    &entry.encoded.payload(),
                    &entry.hash.as_bytes().as_slice(),
                    &entry.occurred_at,
                    &client_ip,
                    &user_agent,
                    &entry.client_proof.as_ref().map(ClientProof::as_bytes),
                ],
            )
            .await;
        assert_eq!(inserted.unwrap(), 1);
    }
}
