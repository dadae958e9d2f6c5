//! What a request costs in the process, without the database: cookie, token, fold, codec, decision.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use divan::{Bencher, black_box};
use rand::rngs::SysRng;
use session_ledger::session::{
    Client, Content, Draft, Entry, Event, EventId, Key, Origin, SessionId, SessionState, Timeouts, TokenHash,
    Wish,
};
use session_ledger::token::cookie_header::find;
use session_ledger::token::{KeyRing, Sealer, Secret};
use time::OffsetDateTime;

const NAME: &str = "__Host-session";
const BYTES_MAX: usize = 65_536;

fn main() {
    divan::main();
}

fn sealer() -> Sealer {
    let ring = KeyRing::parse("primary 0a0b0c0d AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA").unwrap();
    Sealer::new(ring, NAME, "")
}

fn id() -> SessionId {
    SessionId::new(OffsetDateTime::UNIX_EPOCH, [7; 10])
}

fn origin() -> Origin {
    let client =
        Client::new(None, Some("Mozilla/5.0 (X11; Linux x86_64; rv:148.0) Gecko/20100101 Firefox/148.0"));
    Origin { at: OffsetDateTime::UNIX_EPOCH, client, actor: None }
}

fn event_id() -> EventId {
    EventId::from_random([9; 16])
}

fn set(key: &'static str, bytes: usize) -> Wish {
    let value = Key::<String>::new(key).encode(&"x".repeat(bytes)).unwrap();
    Wish::SetValue { key: key.to_owned(), value }
}

/// A session with a login and three values of 100 bytes, as it is stored.
fn stored() -> (SessionState, Vec<Entry>) {
    let mut draft = Draft::anonymous(id(), Timeouts { idle: Some(3600), absolute: None }, BYTES_MAX);
    let login =
        Wish::LogIn { user: "alice".into(), methods: vec!["pwd".into()], assurance: Default::default() };
    for wish in [login, set("cart", 100), set("address", 100), set("page", 100)] {
        draft.wish(wish, OffsetDateTime::UNIX_EPOCH).unwrap();
    }
    let written = draft.write(TokenHash::from_bytes([1; 32]), &origin(), event_id).unwrap();
    (written.state, written.entries)
}

#[divan::bench]
fn seal_a_token(bencher: Bencher) {
    let (sealer, secret) = (sealer(), Secret::generate(&mut SysRng).unwrap());
    bencher.bench(|| sealer.mint(black_box(id()), &secret, &mut SysRng).is_ok());
}

#[divan::bench]
fn open_a_token(bencher: Bencher) {
    let sealer = sealer();
    let token = sealer.mint(id(), &Secret::generate(&mut SysRng).unwrap(), &mut SysRng).unwrap();
    bencher.bench(|| sealer.open(black_box(token.expose().as_bytes())).is_ok());
}

#[divan::bench]
fn reject_a_forged_token(bencher: Bencher) {
    let sealer = sealer();
    let token = sealer.mint(id(), &Secret::generate(&mut SysRng).unwrap(), &mut SysRng).unwrap();
    let forged = token.expose().replace(&token.expose()[60..64], "AAAA");
    bencher.bench(|| sealer.open(black_box(forged.as_bytes())).is_err());
}

#[divan::bench]
fn find_the_cookie_among_five(bencher: Bencher) {
    let line = format!("theme=dark; lang=de; {NAME}={}; consent=1; _ga=GA1.1.123456", "A".repeat(108));
    bencher.bench(|| {
        matches!(
            find([black_box(line.as_bytes())].into_iter(), NAME),
            session_ledger::token::cookie_header::Found::One(_)
        )
    });
}

#[divan::bench]
fn decode_the_state(bencher: Bencher) {
    let bytes = stored().0.content.encode();
    bencher.bench(|| Content::decode(black_box(&bytes)).unwrap());
}

#[divan::bench]
fn encode_the_state(bencher: Bencher) {
    let content = stored().0.content;
    bencher.bench(|| black_box(&content).encode());
}

#[divan::bench]
fn decode_an_event(bencher: Bencher) {
    let event = stored().1.pop().unwrap().event;
    let payload = event.payload();
    bencher.bench(|| Event::decode(event.kind(), event.shape(), black_box(&payload)).unwrap());
}

#[divan::bench(args = [5, 100, 1_000])]
fn fold_a_stream(bencher: Bencher, events: usize) {
    let entries: Vec<_> = stored().1.into_iter().cycle().take(events).collect();
    bencher.bench(|| SessionState::replay(black_box(&entries)));
}

/// From a loaded state and a wish to the encoded append: decision, fold, chain hash.
#[divan::bench]
fn decide_and_write_one_change(bencher: Bencher) {
    let state = stored().0;
    bencher.with_inputs(|| state.clone()).bench_values(|state| {
        let mut draft = Draft::stored(id(), state, BYTES_MAX);
        draft.wish(set("cart", 120), OffsetDateTime::UNIX_EPOCH).unwrap();
        draft.write(TokenHash::default(), &origin(), event_id)
    });
}
