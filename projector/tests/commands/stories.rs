//! Sessions with fixed ids and times, written to the log event by event.

use session_ledger::Ledger;
use session_ledger::ledger::RebuildOptions;
use session_ledger::session::{
    Assurance, ChainHash, Cleared, Client as From, ClientChanged, ClientProof, DeviceId, DeviceSeen, Encoded,
    EndReason, Ended, Entry, Event, EventId, FactorChanged, FlashAdded, FlashTaken, GrantGiven, GrantTaken,
    ImpersonationEnded, ImpersonationStarted, LoggedIn, Noted, Reauthenticated, RenewalOffered, Renewed,
    SessionId, SessionState, SettingsChanged, Started, StoredTimeouts, TokenHash, UserId, Value,
    ValueRemoved, ValueSet,
};
use test_support::Database;
use time::macros::datetime;
use time::{Duration, OffsetDateTime};
use tokio_postgres::Client;

/// The start of all stories.
const START: OffsetDateTime = datetime!(2025-03-01 09:00:00.123456 UTC);

/// A hash that is easy to find in any notation.
const TOKEN_HASH: TokenHash = TokenHash::from_bytes([0xab; 32]);

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0";
const SAFARI: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) \
                      Version/18.6 Mobile/15E148 Safari/604.1";
/// A user agent with control characters, as no version of the library stores it.
const HOSTILE: &str = "curl/8.5.0\u{1b}[2J\u{9b}31m\r\nINFO all is well\u{202e}";

/// A session with events of every kind.
pub(crate) fn eventful() -> SessionId {
    id(1, START)
}

/// A session of alice, begun an hour later, with a user agent that is none of a browser's.
pub(crate) fn by_program() -> SessionId {
    id(3, START + Duration::hours(1))
}

/// A session of alice, begun two hours later, from a phone.
pub(crate) fn on_phone() -> SessionId {
    id(2, START + Duration::hours(2))
}

/// The sessions of alice, one of them [`eventful`].
pub(crate) async fn tell(database: &Database) -> Ledger {
    let client = database.connect().await;
    let (on_phone, by_program) = (START + Duration::hours(2), START + Duration::hours(1));
    let phone = self::on_phone();
    write(&client, eventful(), START, FIREFOX, every_kind(), Form::Older).await;
    write(&client, phone, on_phone, SAFARI, vec![started_for_ever(), alice_logs_in()], Form::Older).await;
    let renewing = vec![started_for_ever(), alice_logs_in(), renewed()];
    write(&client, self::by_program(), by_program, HOSTILE, renewing, Form::Older).await;
    write(
        &client,
        session_of_visitor(),
        START,
        FIREFOX,
        vec![started(), set("cart", b"someone else's")],
        Form::Older,
    )
    .await;
    let ledger = super::open(database).await;
    ledger.rebuild(RebuildOptions::default().while_connected(), |_| {}).await.unwrap();
    let seen = "insert into session_ledger.activity select session_id, changed_at + interval '5 minutes'
                  from session_ledger.session where session_id = $1";
    client.execute(seen, &[&phone.as_uuid()]).await.unwrap();
    ledger
}

/// A session that nobody has signed in to.
pub(crate) fn session_of_visitor() -> SessionId {
    id(4, START)
}

/// Which version of the library has written a story.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// One whose chain has the clients as they are.
    Older,
    /// Today's, whose chain has them salted.
    Salted,
}

/// A session that is told event by event, ten seconds apart.
pub(crate) async fn session_of(database: &Database, nth: u8, events: Vec<Event>) -> SessionId {
    session_in(database, nth, events, Form::Salted).await
}

/// The same, as the version of that form writes it.
pub(crate) async fn session_in(database: &Database, nth: u8, events: Vec<Event>, form: Form) -> SessionId {
    let id = id(nth, START);
    let events = [vec![started_for_ever()], events].concat();
    write(&database.connect().await, id, START, FIREFOX, events, form).await;
    id
}

/// The id of a session, which begins with the time of its start, as the library makes it.
fn id(nth: u8, start: OffsetDateTime) -> SessionId {
    SessionId::new(start, [nth; 10])
}

pub(crate) fn every_kind() -> Vec<Event> {
    let admin = UserId::from("bob");
    vec![
        started(),
        set("cart", b"twelve bytes"),
        set("flag", b"1"),
        alice_logs_in(),
        renewed(),
        Event::DeviceSeen(DeviceSeen::new(DeviceId::new(START, [9; 10]), true)),
        Event::FlashAdded(FlashAdded::new(String::new(), "Welcome back".into())),
        Event::FlashAdded(FlashAdded::new("news".into(), "A secret message".into())),
        Event::FlashTaken(FlashTaken::new("news".into())),
        Event::SettingsChanged(SettingsChanged::new(StoredTimeouts { idle: None, absolute: None })),
        Event::RenewalOffered(RenewalOffered::new(TOKEN_HASH)),
        Event::ClientChanged(another_network()),
        Event::Reauthenticated(Reauthenticated::new(vec!["pwd".into(), "otp".into()], Assurance::Aal2)),
        Event::ImpersonationStarted(ImpersonationStarted::new(admin, "A ticket.".into())),
        Event::GrantGiven(GrantGiven::new("transfer 4711".into(), 120)),
        Event::GrantTaken(GrantTaken::new("transfer 4711".into())),
        Event::FactorChanged(FactorChanged::new("pwd".into(), true)),
        Event::Noted(Noted::of_text("ordered", "number 42, \"express\"")),
        Event::ImpersonationEnded(ImpersonationEnded::new()),
        Event::ValueRemoved(ValueRemoved::new("flag".into())),
        Event::Cleared(Cleared::new()),
        Event::Unknown(Encoded::new("teleported", 3, b"to the moon")),
        Event::Ended(Ended::new(EndReason::Revoked, START + Duration::seconds(180))),
    ]
}

fn another_network() -> ClientChanged {
    ClientChanged::new(false, true, true)
}

fn started() -> Event {
    let timeouts = StoredTimeouts { idle: Some(14 * 24 * 3600), absolute: None };
    Event::Started(Started::new(TOKEN_HASH, timeouts))
}

/// A start without time limits: the session lives whatever the clock says.
fn started_for_ever() -> Event {
    let timeouts = StoredTimeouts { idle: None, absolute: None };
    Event::Started(Started::new(TOKEN_HASH, timeouts))
}

pub(crate) fn alice_logs_in() -> Event {
    let (methods, assurance) = (vec!["pwd".into()], Assurance::Aal1);
    Event::LoggedIn(LoggedIn::new("alice".into(), methods, assurance))
}

fn renewed() -> Event {
    Event::Renewed(Renewed::new(TOKEN_HASH, 30, false))
}

fn set(key: &str, bytes: &[u8]) -> Event {
    Event::ValueSet(ValueSet::new(key.into(), Value::new(1, bytes.to_vec())))
}

/// Writes the events of a session, ten seconds apart.
async fn write(
    client: &Client,
    id: SessionId,
    start: OffsetDateTime,
    agent: &str,
    events: Vec<Event>,
    form: Form,
) {
    let mut state = SessionState { head: ChainHash::genesis(id), ..SessionState::default() };
    for event in events {
        let entry = entry(&mut state, id, start, agent, (event, form));
        insert(client, id, &entry).await;
    }
}

fn entry(
    state: &mut SessionState,
    id: SessionId,
    start: OffsetDateTime,
    agent: &str,
    (event, form): (Event, Form),
) -> Entry {
    state.apply(&event, start);
    let version = state.version + 1;
    let is_ended = matches!(event, Event::Ended(_));
    let from = From { ip: Some([192, 0, 2, 7].into()), user_agent: Some(agent.into()) };
    // One browser makes the whole story. As in the library, an event names it only where the rule asks for
    // it.
    let client = event.always_says_client().then(|| if is_ended { From::default() } else { from });
    let mut event_id = *id.as_bytes();
    event_id[0] = u8::try_from(version).unwrap();
    let at = start + Duration::seconds(10 * (version - 1));
    let mut entry = Entry::new(version, EventId::from_random(event_id), event.encode(), at);
    let salt = (client.is_some() && form == Form::Salted).then_some(ClientProof::Salt(event_id));
    (entry.user, entry.client, entry.client_proof) = (state.acting_user().cloned(), client, salt);
    let impersonator = state.content.extras.impersonated.as_ref().and(state.user.clone());
    entry.actor = is_ended.then(|| "admin".into()).or(impersonator);
    entry.hash = state.head.then(&entry);
    (state.version, state.head) = (version, entry.hash);
    entry
}

async fn insert(client: &Client, session: SessionId, entry: &Entry) {
    let insert = "insert into session_ledger.event (
            session_id, version, event_id, kind, shape, user_id, actor, payload, hash, occurred_at, recorded_at,
            client_ip, user_agent, client_proof
        ) values ($1, $2::bigint, $3, $4, $5, $6, $7, $8, $9::bytea, $10, $11, $12, $13, $14)";
    let user = entry.user.as_ref().map(UserId::as_str);
    let actor = entry.actor.as_ref().map(UserId::as_str);
    let recorded_at = entry.occurred_at + Duration::milliseconds(2);
    let (payload, hash) = (entry.encoded.payload(), entry.hash.as_bytes().as_slice());
    let (client_ip, user_agent) = From::columns(entry.client.as_ref());
    client
        .execute(
            insert,
            &[
                &session.as_uuid(),
                &entry.version,
                &entry.event_id.as_uuid(),
                &entry.encoded.kind(),
                &entry.encoded.shape(),
                &user,
                &actor,
                &payload,
                &hash,
                &entry.occurred_at,
                &recorded_at,
                &client_ip,
                &user_agent,
                &entry.client_proof.as_ref().map(ClientProof::as_bytes),
            ],
        )
        .await
        .unwrap();
}
