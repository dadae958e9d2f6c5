//! The stories of sessions.

use session_ledger::internals::Wish;
use session_ledger::session::{Assurance, EndReason, Noted, Timeouts, TokenHash, Value};
use time::OffsetDateTime;

/// The name of a story, and its requests.
type Story = (String, Vec<Vec<Wish>>);

/// The value of one key.
pub(crate) fn set(key: &str, bytes: &[u8]) -> Wish {
    Wish::SetValue { key: key.into(), value: Value::new(1, bytes.to_vec()) }
}

/// The name of a session that ends later.
pub(crate) fn to_be_ended(reason: &EndReason) -> String {
    format!("to be ended as {reason}")
}

/// Every reason for the end of a session.
pub(crate) fn reasons() -> Vec<EndReason> {
    vec![
        EndReason::LoggedOut,
        EndReason::Discarded,
        EndReason::IdleTimeout,
        EndReason::AbsoluteTimeout,
        EndReason::Revoked,
        EndReason::LimitExceeded,
        EndReason::CredentialChanged,
        EndReason::AccountDisabled,
        EndReason::TokenReplayed,
        EndReason::UserSwitched,
        EndReason::Other("closed_for_the_night".into()),
    ]
}

/// Sessions of all kinds.
pub(crate) fn all() -> Vec<Story> {
    let mut stories: Vec<Story> = named().into_iter().map(|(what, story)| (what.to_owned(), story)).collect();
    for reason in reasons() {
        stories.push((to_be_ended(&reason), vec![vec![log_in("carol"), set("cart", b"5")]]));
        let end = Wish::End { reason: reason.clone(), last_seen: OffsetDateTime::UNIX_EPOCH, by: None };
        stories
            .push((format!("ended as {reason}"), vec![vec![log_in("dora")], vec![set("cart", b"6"), end]]));
    }
    stories
}

fn named() -> Vec<(&'static str, Vec<Vec<Wish>>)> {
    let note = Wish::Note(Noted::of_text("ordered", "42"));
    let shorter = Wish::ChangeTimeouts(Timeouts::default().idle(600));
    let again =
        Wish::Reauthenticate { methods: vec!["hwk".into()], assurance: Assurance::Aal3, auth_time: None };
    let take = Wish::TakeFlash { queue: "news".into() };
    vec![
        ("anonymous", vec![vec![set("cart", b"1"), set("language", b"de")], vec![set("cart", b"2")]]),
        ("emptied", vec![vec![set("cart", b"1")], vec![Wish::RemoveValue { key: "cart".into() }]]),
        ("cleared", vec![vec![set("cart", b"1"), flash("news")], vec![Wish::Clear]]),
        ("logged in", vec![vec![set("cart", b"1")], vec![log_in("alice"), renew(1, 30, false)]]),
        ("logged in again", vec![vec![log_in("bob"), renew(1, 30, false)], vec![again, renew(2, 30, false)]]),
        ("renewed", vec![vec![set("cart", b"1")], vec![renew(3, 30, true)], vec![renew(4, 30, true)]]),
        ("renewed without grace", vec![vec![set("cart", b"1")], vec![renew(5, 0, false)]]),
        ("impersonated", vec![vec![log_in("alice")], vec![impersonate("bob")], vec![set("seen", b"1")]]),
        (
            "impersonated no more",
            vec![vec![log_in("alice")], vec![impersonate("bob")], vec![Wish::EndImpersonation]],
        ),
        ("with flashes", vec![vec![flash("news"), flash("")], vec![flash("later")]]),
        ("with flashes taken", vec![vec![flash("news"), flash("")], vec![take]]),
        ("with other limits", vec![vec![log_in("alice")], vec![shorter]]),
        ("with a note", vec![vec![set("cart", b"1")], vec![note]]),
    ]
}

fn log_in(user: &str) -> Wish {
    Wish::LogIn {
        user: user.into(),
        methods: vec!["pwd".into(), "otp".into()],
        assurance: Assurance::Aal2,
        auth_time: None,
    }
}

fn renew(token: u8, grace: u32, accepts_superseded: bool) -> Wish {
    Wish::Renew { token_hash: TokenHash::from_bytes([token; 32]), grace, accepts_superseded }
}

fn impersonate(user: &str) -> Wish {
    Wish::Impersonate { user: user.into(), reason: "A ticket.".into() }
}

fn flash(queue: &str) -> Wish {
    Wish::AddFlash { queue: queue.into(), message: "Welcome".into() }
}
