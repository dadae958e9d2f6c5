//! What was proved when, and what may be done once.

use session_ledger::internals::{STATE_BYTES_MAX, Wish, decide};
use session_ledger::session::*;
use time::Duration;

use crate::at;

fn logged_in(user: &str, methods: &[&str], assurance: Assurance) -> Event {
    let methods = methods.iter().map(ToString::to_string).collect();
    Event::LoggedIn(LoggedIn::new(user.into(), methods, assurance))
}

fn proved(methods: &[&str]) -> Event {
    let methods = methods.iter().map(ToString::to_string).collect();
    Event::Reauthenticated(Reauthenticated::new(methods, Assurance::Aal1))
}

#[test]
fn each_method_keeps_the_time_when_it_was_last_proved() {
    let mut state = SessionState::default();
    state.apply(&logged_in("alice", &["pwd", "otp"], Assurance::Aal2), at(1));
    state.apply(&proved(&["hwk"]), at(2));
    state.apply(&proved(&["pwd"]), at(3));
    let times =
        |state: &SessionState| ["pwd", "otp", "hwk", "sms"].map(|method| state.method_proved_at(method));
    assert_eq!(times(&state), [Some(at(3)), Some(at(1)), Some(at(2)), None]);
    state.apply(&Event::FactorChanged(FactorChanged::new("hwk".into(), false)), at(4));
    assert_eq!(times(&state), [Some(at(3)), Some(at(1)), None, None]);
    state.apply(&logged_in("alice", &["pwd"], Assurance::Aal1), at(5));
    assert_eq!(times(&state), [Some(at(5)), Some(at(1)), None, None], "the same user");
    state.apply(&logged_in("bob", &["hwk"], Assurance::Aal1), at(6));
    assert_eq!(times(&state), [None, None, Some(at(6)), None], "another user has proved nothing of it");
}

#[test]
fn a_session_remembers_a_bounded_number_of_proofs_and_grants() {
    let mut state = SessionState::default();
    for nth in 0..40 {
        state.apply(&proved(&[&format!("m{nth}"), "pwd", "pwd"]), at(nth));
        state.apply(&Event::GrantGiven(GrantGiven::new(format!("g{nth}"), 1_000)), at(nth));
    }
    assert_eq!((state.content.extras.proofs.len(), state.content.extras.grants.len()), (8, 4));
    assert_eq!(state.method_proved_at("m31"), Some(at(31)), "the latest stay");
    assert_eq!(state.content.extras.grants[0].operation, "g36");
    state.apply(&Event::GrantGiven(GrantGiven::new("g39".into(), 1)), at(5_000));
    assert_eq!(state.content.extras.grants.len(), 1, "what is void is forgotten");
}

#[test]
fn what_an_identity_provider_tells_counts_from_then_and_never_from_later() {
    let told = |seconds| {
        let login = LoggedIn::new("alice".into(), vec!["fed".into()], Assurance::Aal1).at(Some(at(seconds)));
        let mut state = SessionState::default();
        state.apply(&Event::LoggedIn(login), at(10));
        (state.proved_at(), state.authenticated_at)
    };
    assert_eq!(told(4), (Some(at(4)), Some(at(10))));
    assert_eq!(told(11), (Some(at(10)), Some(at(10))));
}

#[test]
fn a_grant_is_taken_before_its_end_and_by_its_name() {
    let mut state = alice();
    let grant = Grant { operation: "pay".into(), until: at(9) };
    state.content.extras.change(|extras| extras.grants.push(grant));
    for (operation, at) in [("pay", at(9)), ("order", at(9) - Duration::SECOND)] {
        let take = Wish::TakeGrant { operation: operation.into(), at };
        assert_eq!(decide(&state, take, STATE_BYTES_MAX), Err(WishError::NotGranted), "{operation}");
    }
    for seconds in [0, 3_601] {
        let grant = Wish::Grant { operation: "pay".into(), seconds };
        let refused = decide(&state, grant, STATE_BYTES_MAX).unwrap_err();
        assert_eq!(refused.to_string(), "a grant must live for 1 to 3600 seconds");
    }
}

#[test]
fn an_impersonation_needs_a_reason_that_can_be_kept() {
    for reason in ["", " \n", "a\0b", &"x".repeat(256)] {
        let wish = Wish::Impersonate { user: "bob".into(), reason: reason.into() };
        assert_eq!(decide(&alice(), wish, STATE_BYTES_MAX), Err(WishError::NoReason), "{reason:?}");
    }
}

fn alice() -> SessionState {
    let mut state = SessionState::default();
    state.apply(&logged_in("alice", &["pwd"], Assurance::Aal1), at(0));
    state
}
