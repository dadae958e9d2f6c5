//! Which client counts as new, and what follows.

use super::*;
use crate::session::{Entry, Event, EventId, LoggedIn};
use time::OffsetDateTime;

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:131.0) Gecko/20100101 Firefox/131.0";

fn client(ip: &str, agent: &str) -> Client {
    Client::new(Some(ip.parse().unwrap()), Some(agent))
}

/// Somebody who has signed in from this client.
fn signed_in(client: Client) -> SessionState {
    let mut state = SessionState::default();
    let login = LoggedIn::new("alice".into(), Vec::new(), Default::default());
    state.apply(&Event::LoggedIn(login), OffsetDateTime::UNIX_EPOCH);
    state.client = Some(client);
    state
}

fn noting() -> Policy {
    Policy::default().changed_agent(Reaction::Note).changed_network(Reaction::Note)
}

/// Whether browser and network count as changed.
fn change(state: &SessionState, client: &Client, policy: &Policy) -> Option<(bool, bool)> {
    state.client_change(client, policy).map(|(_, fact)| (fact.agent, fact.network))
}

#[test]
fn a_network_is_told_by_its_prefix() {
    let changed = |policy: &Policy, from: &str, to: &str| {
        change(&signed_in(client(from, FIREFOX)), &client(to, FIREFOX), policy).is_some()
    };
    let usual = noting();
    assert!(!changed(&usual, "192.0.2.1", "192.0.2.254"));
    assert!(changed(&usual, "192.0.2.1", "192.0.3.1"));
    assert!(!changed(&usual, "2001:db8:1::1", "2001:db8:1:ffff::2"));
    assert!(changed(&usual, "2001:db8:1::1", "2001:db8:2::1"));
    assert!(changed(&usual, "192.0.2.1", "2001:db8::1"), "another family is another network");
    assert!(!changed(&usual, "192.0.2.1", "::ffff:192.0.2.9"), "but a mapped address is of IPv4");

    let exact = usual.clone().network_prefixes(32, 128);
    assert!(changed(&exact, "192.0.2.1", "192.0.2.2"));
    assert!(!changed(&exact, "2001:db8::1", "2001:db8::1"));
    let wide = usual.network_prefixes(1, 1);
    assert!(!changed(&wide, "1.0.0.0", "127.255.0.1"));
    assert!(changed(&wide, "1.0.0.0", "128.0.0.0"));
}

#[test]
fn an_update_of_the_browser_makes_no_other_one() {
    let state = signed_in(client("192.0.2.1", FIREFOX));
    let with = |agent: &str| change(&state, &client("192.0.2.1", agent), &noting());
    assert_eq!(with(&FIREFOX.replace("131", "132")), None);
    assert_eq!(with("curl/8.14.1"), Some((true, false)));
    let silent = Client::new(Some("192.0.2.1".parse().unwrap()), None);
    assert_eq!(change(&state, &silent, &noting()), Some((true, false)));
}

#[test]
fn what_is_not_known_is_no_change() {
    let state = signed_in(Client::new(None, Some(FIREFOX)));
    assert_eq!(change(&state, &client("192.0.2.1", FIREFOX), &noting()), None);
    let hidden = Client::new(None, Some(FIREFOX));
    assert_eq!(change(&signed_in(client("192.0.2.1", FIREFOX)), &hidden, &noting()), None);
    let unsaid = SessionState { client: None, ..state };
    assert_eq!(change(&unsaid, &client("192.0.2.1", FIREFOX), &noting()), None);
}

#[test]
fn nothing_follows_by_default_or_for_a_visitor() {
    let (home, cafe) = (client("192.0.2.1", FIREFOX), client("198.51.100.1", "curl"));
    assert_eq!(change(&signed_in(home.clone()), &cafe, &Policy::default()), None);
    assert!(!Policy::default().watches_clients());
    let visitor = SessionState { client: Some(home), ..SessionState::default() };
    assert_eq!(change(&visitor, &cafe, &noting()), None);
}

#[test]
fn each_new_client_counts_once_until_the_next_login() {
    let (home, cafe) = (client("192.0.2.1", FIREFOX), client("198.51.100.1", FIREFOX));
    let (mut state, policy, at) = (signed_in(home.clone()), noting(), OffsetDateTime::UNIX_EPOCH);
    let (_, fact) = state.client_change(&cafe, &policy).unwrap();
    let mut entry = Entry::new(1, EventId::from_random([1; 16]), Event::ClientChanged(fact).encode(), at);
    entry.client = Some(cafe.clone());
    state.advance(&entry).unwrap();
    assert_eq!(change(&state, &cafe, &policy), None);
    assert_eq!(change(&state, &home, &policy), None, "the client of the login stays known");
    assert_eq!(change(&state, &client("203.0.113.1", FIREFOX), &policy), Some((false, true)));

    let login = LoggedIn::new("alice".into(), Vec::new(), Default::default());
    state.apply(&Event::LoggedIn(login), OffsetDateTime::UNIX_EPOCH);
    assert_eq!(change(&state, &home, &policy), Some((false, true)), "a login begins anew");
}

#[test]
fn of_two_reactions_the_stronger_counts() {
    let policy = Policy::default().changed_agent(Reaction::StepUp).changed_network(Reaction::Note);
    let state = signed_in(client("192.0.2.1", FIREFOX));
    let reaction =
        |to: &Client| state.client_change(to, &policy).map(|(reaction, fact)| (reaction, fact.step_up));
    assert_eq!(reaction(&client("198.51.100.1", FIREFOX)), Some((Reaction::Note, false)));
    assert_eq!(reaction(&client("198.51.100.1", "curl")), Some((Reaction::StepUp, true)));
    let ending = policy.changed_network(Reaction::End);
    let (reaction, _) = state.client_change(&client("198.51.100.1", "curl"), &ending).unwrap();
    assert_eq!(reaction, Reaction::End);
}
