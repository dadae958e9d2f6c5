//! Which events name their client, and that the client of every event is known all the same.

use proptest::collection::vec;
use proptest::prelude::*;
use session_ledger::internals::{Draft, Origin, STATE_BYTES_MAX, Wish, Written};
use session_ledger::session::*;

use crate::{arbitrary, at, id, random};

/// A request, its client, and the events with the clients that they name. `-`: none named; `?`: named as
/// unknown.
type Step = (Client, &'static [fn() -> Wish], &'static str);

/// The name of the case, and the requests of a new session.
type Story = (&'static str, Vec<Step>);

/// Clients with address and browser.
fn known() -> Vec<Story> {
    vec![
        (
            "one browser says it once",
            vec![
                (phone(), &[set_a, set_b], "started phone, value_set -, value_set -"),
                (phone(), &[set_c], "value_set -"),
                (phone(), &[note, flash], "noted -, flash_added -"),
            ],
        ),
        (
            "another browser says it once",
            vec![
                (phone(), &[set_a], "started phone, value_set -"),
                (laptop(), &[set_b, set_c], "value_set laptop, value_set -"),
                (phone(), &[note], "noted phone"),
            ],
        ),
        (
            "of an address alone the browser is said too",
            vec![
                (phone(), &[set_a], "started phone, value_set -"),
                (Client { user_agent: phone().user_agent, ..laptop() }, &[set_b], "value_set phone@2"),
            ],
        ),
        (
            "who is signed in is always said from where",
            vec![
                (phone(), &[set_a], "started phone, value_set -"),
                (phone(), &[log_in, renew, set_b], "logged_in phone, renewed phone, value_set -"),
                (phone(), &[again, limits], "reauthenticated phone, settings_changed phone"),
                (
                    phone(),
                    &[act, set_c, act_no_more],
                    "impersonation_started phone, value_set -, impersonation_ended phone",
                ),
                (phone(), &[end], "ended phone"),
            ],
        ),
    ]
}

/// Clients without address or browser.
fn unknown() -> Vec<Story> {
    vec![
        (
            "a client that is not known is not taken for the one before",
            vec![
                (phone(), &[set_a], "started phone, value_set -"),
                (Client::default(), &[set_b, set_c], "value_set ?, value_set -"),
                (Client::default(), &[note], "noted -"),
                (phone(), &[flash], "flash_added phone"),
            ],
        ),
        (
            "one half that is not known is not taken for the one before",
            vec![
                (phone(), &[set_a], "started phone, value_set -"),
                (Client { user_agent: None, ..phone() }, &[set_b], "value_set @1"),
                (Client { ip: None, ..phone() }, &[set_c], "value_set phone@"),
            ],
        ),
        (
            "a client that was never known is said too",
            vec![(Client::default(), &[set_a], "started ?, value_set -")],
        ),
    ]
}

#[test]
fn an_event_says_its_client_where_it_matters_or_is_news() {
    for (what, steps) in known().into_iter().chain(unknown()) {
        let mut draft = Draft::anonymous(id(), Timeouts::default(), STATE_BYTES_MAX);
        for (client, wishes, expected) in steps {
            let written = request(draft, &client, wishes.iter().map(|wish| wish()).collect()).unwrap();
            let said: Vec<_> = written.entries.iter().map(say).collect();
            assert_eq!(said.join(", "), expected, "{what}");
            draft = Draft::stored(id(), written.state, STATE_BYTES_MAX);
        }
    }
}

#[test]
fn an_end_by_somebody_else_does_not_change_from_where_the_session_was_used() {
    let draft = Draft::anonymous(id(), Timeouts::default(), STATE_BYTES_MAX);
    let started = request(draft, &phone(), vec![set_a()]).unwrap().state;
    let ended = request(Draft::stored(id(), started, STATE_BYTES_MAX), &laptop(), vec![end()]).unwrap();
    assert_eq!(ended.entries[0].client, Some(laptop()));
    assert_eq!(ended.state.client, Some(phone()));
}

#[test]
fn the_columns_tell_nothing_said_from_nothing_known() {
    let ip = Some([192, 0, 2, 1].into());
    for (ip, user_agent) in
        [(None, None), (None, Some("")), (ip, None), (ip, Some("")), (None, Some("x")), (ip, Some("x"))]
    {
        let said = Client::from_columns(ip, user_agent);
        assert_eq!(Client::columns(said.as_ref()), (ip, user_agent), "what is stored is read without loss");
    }
    assert_eq!(Client::from_columns(None, None), None);
    assert_eq!(Client::from_columns(None, Some("")), Some(Client::default()));
    assert_eq!(Client::new(None, Some("\u{1}\n")), Client::default(), "a header of nothing says nothing");
}

proptest! {
    #[test]
    fn from_where_every_event_came_can_be_told(
        requests in vec((client(), vec(arbitrary::wish(), 0..6)), 1..12)
    ) {
        let mut draft = Draft::anonymous(id(), Timeouts::default(), STATE_BYTES_MAX);
        let (mut entries, mut truth) = (Vec::new(), Vec::new());
        for (client, wishes) in requests {
            let Some(written) = request(draft.clone(), &client, wishes) else { continue };
            truth.extend(written.entries.iter().map(|_| client.clone()));
            entries.extend(written.entries);
            draft = Draft::stored(id(), written.state, STATE_BYTES_MAX);
        }
        let entries: Vec<Entry> = entries.into_iter().map(through_the_columns).collect();
        let told: Vec<_> = Client::of_each(None, &entries).map(Option::<&Client>::cloned).collect();
        prop_assert_eq!(told, truth.into_iter().map(Some).collect::<Vec<_>>());
        prop_assert_eq!(&SessionState::replay(&entries).unwrap().client, &draft.state().client);
        for entry in entries {
            prop_assert!(entry.client.is_some() || !entry.event().unwrap().always_says_client());
        }
    }
}

/// A few clients, so that requests come from the same one, and now and then any at all.
fn client() -> impl Strategy<Value = Client> {
    let known = vec![phone(), laptop(), Client { user_agent: None, ..phone() }, Client::default()];
    prop_oneof![4 => prop::sample::select(known), 1 => arbitrary::client()]
}

fn request(mut draft: Draft, client: &Client, wishes: Vec<Wish>) -> Option<Written> {
    for wish in wishes {
        draft.wish(wish, at(10)).ok();
    }
    let origin = Origin { at: at(50), client: client.clone(), actor: None };
    draft.write(TokenHash::default(), &origin, random())
}

/// The entry as the log returns it.
fn through_the_columns(mut entry: Entry) -> Entry {
    let (ip, user_agent) = Client::columns(entry.client.as_ref());
    entry.client = Client::from_columns(ip, user_agent);
    entry
}

fn say(entry: &Entry) -> String {
    let client = match &entry.client {
        None => "-".to_owned(),
        Some(client) if *client == Client::default() => "?".to_owned(),
        Some(client) if *client == phone() || *client == laptop() => browser(client).to_owned(),
        Some(client) => {
            let ip = client.ip.map(|ip| ip.to_string().split_off("192.0.2.".len()));
            format!("{}@{}", browser(client), ip.unwrap_or_default())
        }
    };
    format!("{} {client}", entry.encoded.kind())
}

fn browser(client: &Client) -> &str {
    client.user_agent.as_deref().unwrap_or_default()
}

fn phone() -> Client {
    Client::new(Some([192, 0, 2, 1].into()), Some("phone"))
}

fn laptop() -> Client {
    Client::new(Some([192, 0, 2, 2].into()), Some("laptop"))
}

fn set_a() -> Wish {
    set("a")
}

fn set_b() -> Wish {
    set("b")
}

fn set_c() -> Wish {
    set("c")
}

fn set(key: &str) -> Wish {
    Wish::SetValue { key: key.into(), value: Value::new(1, vec![1]) }
}

fn note() -> Wish {
    Wish::Note(Noted::of_text("ordered", "42"))
}

fn flash() -> Wish {
    Wish::AddFlash { queue: String::new(), message: "Welcome".into() }
}

fn log_in() -> Wish {
    Wish::LogIn {
        user: "alice".into(),
        methods: vec!["pwd".into()],
        assurance: Assurance::Aal1,
        auth_time: None,
    }
}

fn renew() -> Wish {
    Wish::Renew { token_hash: TokenHash::from_bytes([2; 32]), grace: 30, accepts_superseded: false }
}

fn again() -> Wish {
    Wish::Reauthenticate { methods: vec!["otp".into()], assurance: Assurance::Aal2, auth_time: None }
}

fn limits() -> Wish {
    Wish::ChangeTimeouts(Timeouts::default().idle(600))
}

fn act() -> Wish {
    Wish::Impersonate { user: "bob".into(), reason: "A ticket.".into() }
}

fn act_no_more() -> Wish {
    Wish::EndImpersonation
}

fn end() -> Wish {
    Wish::End { reason: EndReason::LoggedOut, last_seen: at(9), by: None }
}
