//! The counted cases.
//!
//! Two parts of the path need a server and are missing: reading the columns of a tokio-postgres row, and
//! writing the parameters into its buffer. All that session-ledger does between them is here. Callgrind's
//! processor has AES but no SHA instructions, so hashes count more here than they cost on most servers.

use std::hint::black_box;

use serde::{Deserialize, Serialize};
use session_ledger::internals::{Admission, DatabaseTime, Draft, Secret, Shown, Wish};
use session_ledger::internals::{Found, find};
use session_ledger::session::{Content, Key, SessionState, Timeouts, TokenHash};
use time::OffsetDateTime;

use crate::orders::{orders, orders_by_hand, orders_without_a_session};
use crate::region::count;
use crate::requests::{request_that_ignores_its_session, request_without_middleware};
use crate::scene::{
    BYTES_MAX, Fixed, NAME, begun_with, cookies, forged, id, log_in, origin, random, sealer, secret, set,
    stored, token, witness,
};

/// The cases by their names in the budget.
pub(crate) const CASES: [(&str, fn()); 17] = [
    ("cookie_header_to_secret", cookie_header_to_secret),
    ("rejection_of_no_cookie", rejection_of_no_cookie),
    ("rejection_of_a_malformed_token", rejection_of_a_malformed_token),
    ("rejection_of_a_forged_token", rejection_of_a_forged_token),
    ("rejection_of_two_cookies", rejection_of_two_cookies),
    ("row_to_session", row_to_session),
    ("wish_to_append_of_one_value", wish_to_append_of_one_value),
    ("wish_to_append_of_three_values", wish_to_append_of_three_values),
    ("wish_to_append_of_a_login", wish_to_append_of_a_login),
    ("value_to_stored_form", value_to_stored_form),
    ("stored_form_to_value", stored_form_to_value),
    ("minting_of_a_token", minting_of_a_token),
    ("request_without_middleware", request_without_middleware),
    ("request_that_ignores_its_session", request_that_ignores_its_session),
    ("orders", orders),
    ("orders_by_hand", orders_by_hand),
    ("orders_without_a_session", orders_without_a_session),
];

fn cookie_header_to_secret() {
    open(&cookies(&token(&sealer())), true);
}

fn rejection_of_no_cookie() {
    open("theme=dark; lang=de; currency=eur; consent=1; _ga=GA1.1.123456", false);
}

fn rejection_of_a_malformed_token() {
    open(&cookies("garbage"), false);
}

fn rejection_of_a_forged_token() {
    open(&cookies(&forged(&token(&sealer()))), false);
}

fn rejection_of_two_cookies() {
    open(&format!("{}; {NAME}=evil", cookies(&token(&sealer()))), false);
}

/// A `Cookie` header to session id and secret, if there is one cookie and it opens.
fn open(line: &str, opens: bool) {
    let sealer = sealer();
    let run = |line: &str| match find([line.as_bytes()].into_iter(), NAME) {
        Found::One(value) => sealer.open(value).ok(),
        Found::None | Found::Several => None,
    };
    assert_eq!(run(line).is_some(), opens);
    count(|| line, run);
}

/// From a row's columns and the cookie's secret to a session that the handler can read and change.
fn row_to_session() {
    let state = stored().0;
    let (content, secret) = (state.content.encode(), secret());
    let (now, witness) = (DatabaseTime { at: state.changed_at, epoch: 1 }, witness());
    let columns = SessionState { content: Content::default(), ..state };
    count(
        || (),
        |()| {
            let content = Content::decode(&content).unwrap();
            let state = SessionState { content, ..columns.clone() };
            let shown = Shown { token_hash: secret.hash(), witness };
            let admission = state.admit(&shown, Timeouts::default(), columns.changed_at, now);
            assert_eq!(admission, Admission::Admitted);
            Draft::stored(id(), state, BYTES_MAX)
        },
    );
}

fn wish_to_append_of_one_value() {
    append(&stored().0, || vec![set("cart", 120)]);
}

fn wish_to_append_of_three_values() {
    append(&stored().0, || vec![set("cart", 120), set("address", 120), set("note", 120)]);
}

fn wish_to_append_of_a_login() {
    let visitor = begun_with([set("cart", 100), set("address", 100), set("page", 100)]).0;
    let renewal =
        || Wish::Renew { token_hash: TokenHash::from_bytes([2; 32]), grace: 30, accepts_superseded: false };
    append(&visitor, || vec![log_in(), renewal()]);
}

/// From a handler's wishes to the columns that the append writes: decision, fold, chain, payloads, and the
/// row's state.
fn append(state: &SessionState, wishes: impl Fn() -> Vec<Wish> + Sync) {
    let origin = origin();
    count(
        || (Draft::stored(id(), state.clone(), BYTES_MAX), wishes()),
        |(mut draft, wishes)| {
            wishes.into_iter().for_each(|wish| draft.wish(wish, OffsetDateTime::UNIX_EPOCH).unwrap());
            let written = draft.write(TokenHash::default(), &origin, random).unwrap();
            written.entries.iter().for_each(|entry| _ = black_box(entry.encoded.payload()));
            written.state.content.encode()
        },
    );
}

/// The work of `set` before its wish: a small cart is encoded, and read to see that it comes back.
fn value_to_stored_form() {
    CART.encode(&cart()).unwrap();
    count(cart, |cart| CART.encode(&cart).unwrap());
}

/// The work of `get` after its look into the state.
fn stored_form_to_value() {
    let stored = CART.encode(&cart()).unwrap();
    count(|| (), |()| CART.decode(&stored).unwrap());
}

#[derive(Serialize, Deserialize)]
struct Cart {
    items: Vec<(u32, String, u16)>,
    coupon: Option<String>,
}

const CART: Key<Cart> = Key::new("cart");

fn cart() -> Cart {
    let items = ["tea", "coffee", "a pot for both"].map(|name| (4_711, name.to_owned(), 2));
    Cart { items: items.into(), coupon: Some("WELCOME".to_owned()) }
}

/// A new secret, its hash and its token.
fn minting_of_a_token() {
    let sealer = sealer();
    count(
        || (),
        |()| {
            let secret = Secret::generate(&mut Fixed).unwrap();
            black_box(secret.hash());
            sealer.mint(id(), &secret, witness(), &mut Fixed).unwrap()
        },
    );
}
