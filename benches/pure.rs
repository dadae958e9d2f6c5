//! Work of a request in the process, without the database: cookie, token, fold, codec, decision.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod scene;

use divan::{Bencher, black_box};
use rand::rngs::SysRng;
use session_ledger::internals::Draft;
use session_ledger::internals::{Found, find};
use session_ledger::session::{Content, SessionState, TokenHash};
use time::OffsetDateTime;

use scene::{
    BYTES_MAX, NAME, cookies, forged, id, origin, random, sealer, secret, set, stored, token, witness,
};

fn main() {
    divan::main();
}

#[divan::bench]
fn seal_a_token(bencher: Bencher) {
    let (sealer, secret) = (sealer(), secret());
    bencher.bench(|| sealer.mint(black_box(id()), &secret, witness(), &mut SysRng).is_ok());
}

#[divan::bench]
fn open_a_token(bencher: Bencher) {
    let sealer = sealer();
    let token = token(&sealer);
    bencher.bench(|| sealer.open(black_box(token.as_bytes())).is_ok());
}

#[divan::bench]
fn reject_a_forged_token(bencher: Bencher) {
    let sealer = sealer();
    let forged = forged(&token(&sealer));
    bencher.bench(|| sealer.open(black_box(forged.as_bytes())).is_err());
}

#[divan::bench]
fn find_the_cookie_among_five(bencher: Bencher) {
    let line = cookies(&"A".repeat(140));
    bencher.bench(|| matches!(find([black_box(line.as_bytes())].into_iter(), NAME), Found::One(_)));
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
    let encoded = stored().1.pop().unwrap().encoded;
    bencher.bench(|| black_box(&encoded).decode().unwrap());
}

#[divan::bench(args = [5, 100, 1_000])]
fn fold_a_stream(bencher: Bencher, events: usize) {
    let entries: Vec<_> = stored().1.into_iter().cycle().take(events).collect();
    bencher.bench(|| SessionState::replay(black_box(&entries)).unwrap());
}

/// From a loaded state and a wish to the encoded append: decision, fold, chain hash.
#[divan::bench]
fn decide_and_write_one_change(bencher: Bencher) {
    let state = stored().0;
    bencher.with_inputs(|| state.clone()).bench_values(|state| {
        let mut draft = Draft::stored(id(), state, BYTES_MAX);
        draft.wish(set("cart", 120), OffsetDateTime::UNIX_EPOCH).unwrap();
        draft.write(TokenHash::default(), &origin(), random)
    });
}
