//! Events of every kind, and a content without an empty part. The golden files hold them.

use session_ledger::Key;
use session_ledger::session::*;
use time::OffsetDateTime;

/// Facts of every kind. Each kind's facts are in its golden file in this order: append, never change.
pub(crate) fn events() -> Vec<Event> {
    let mut events = beginnings();
    events.extend(values());
    events.extend(settings_and_renewals());
    events.extend(identities());
    events.extend(clients_and_devices());
    events.extend(notes());
    events.extend(ends());
    events
}

/// A content with every field filled.
pub(crate) fn content() -> Content {
    Content {
        timeouts: Timeouts::default().idle(1_800).absolute(43_200),
        methods: vec!["pwd".into(), "otp".into()],
        assurance: Assurance::Aal2,
        offered: Some(hash(0x0f)),
        values: [
            ("cart".to_owned(), Value::new(2, vec![2, 7, 9])),
            ("theme".to_owned(), Value::new(1, vec![4, b'd', b'a', b'r', b'k'])),
            ("size".to_owned(), Key::new("size").encode(&(3_u32, "größe".to_owned())).unwrap()),
            ("filter".to_owned(), Key::json("filter").shape(3).encode(&vec![Some(7_u32), None]).unwrap()),
        ]
        .into(),
        flashes: [
            ("".into(), vec![Flash::info("Saved."), Flash::success("Sent.")]),
            ("errors".into(), vec![Flash::error(""), Flash::warning("")]),
        ]
        .into(),
        renewed_at: Some(at(1_700_000_000)),
        earlier: vec![
            Superseded { token_hash: hash(0x50), until: at(1_700_000_030), accepted: false },
            Superseded { token_hash: hash(0x51), until: at(1_700_000_060), accepted: true },
        ],
        extras: extras(),
    }
}

/// What optional features remember, with every field filled.
fn extras() -> Extras {
    let mut extras = Extras::default();
    extras.change(|state| {
        (state.impersonated, state.clients, state.step_up) = (Some("bob".into()), known_clients(), true);
        state.device = Some(DeviceId::from_bytes([0x5d; 16]));
        (state.renewal_timeout, state.remembered) = (Some(3_600), Some(1_209_600));
        state.remembered_at = Some(at(1_700_000_001));
        state.offered_at = Some(at(1_700_000_002));
        state.auth_time = Some(at(1_699_999_000));
        state.proofs = vec![Proof { method: "hwk".into(), at: at(1_699_990_000) }];
        state.grants = vec![Grant { operation: "transfer № 4711".into(), until: at(1_700_000_120) }];
    });
    extras
}

/// The content that shape 4 could hold: there were no settings but time limits, and it remembered no clients,
/// no device, no earlier proofs and no grants.
pub(crate) fn content_of_shape_4() -> Content {
    let mut extras = Extras::default();
    extras.change(|state| state.impersonated = Some("bob".into()));
    Content { extras, ..content() }
}

/// The content that shape 3 could hold: its messages had no level.
pub(crate) fn content_of_shape_3() -> Content {
    let waiting = [("".into(), vec!["Saved.".into(), "Sent.".into()]), ("errors".into(), vec!["".into()])];
    Content { flashes: waiting.into(), ..content_of_shape_4() }
}

/// The content that shape 2 could hold: its values did not say their form.
pub(crate) fn content_of_shape_2() -> Content {
    let mut content = content_of_shape_3();
    content.values.retain(|_, value| value.form == Form::Postcard);
    content
}

/// The content that shape 1 could hold.
pub(crate) fn content_of_shape_1() -> Content {
    Content { renewed_at: None, earlier: Vec::new(), ..content_of_shape_2() }
}

/// The facts of the golden files of older shapes, as they are read today.
pub(crate) fn older_events() -> Vec<((&'static str, i16), Vec<Event>)> {
    let of = |kind: &str, facts: Vec<Event>| facts.into_iter().filter(|one| one.kind() == kind).collect();
    vec![
        (("value_set", 1), values_without_form()),
        (("flash_added", 1), flashes_without_level()),
        (("settings_changed", 1), time_limits()),
        (("logged_in", 1), of("logged_in", logins_without_auth_time())),
        (("reauthenticated", 1), of("reauthenticated", logins_without_auth_time())),
        (("impersonation_started", 1), vec![acting_as_bob("")]),
        (("noted", 1), notes_of_text()),
        (("client_changed", 1), changes_with_addresses()),
        (("ended", 1), ends_by_nobody()),
    ]
}

fn at(seconds: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(seconds).unwrap()
}

fn hash(first: u8) -> TokenHash {
    TokenHash::from_bytes(std::array::from_fn(|index| first.wrapping_add(u8::try_from(index).unwrap())))
}

fn limits() -> Timeouts {
    Timeouts::default().idle(1_209_600).absolute(u32::MAX)
}

fn beginnings() -> Vec<Event> {
    let mut beginnings = vec![
        Event::Started(Started::new(hash(0x20), limits().into())),
        Event::Started(Started::new(hash(0xf0), Timeouts::default().into())),
    ];
    beginnings.extend(logins_without_auth_time());
    beginnings.extend([
        Event::LoggedIn(
            LoggedIn::new("bob".into(), vec!["pwd".into()], Assurance::Aal1).at(Some(at(1_700_000_000))),
        ),
        Event::Reauthenticated(Reauthenticated::new(vec![], Assurance::Aal3).at(Some(at(-1)))),
    ]);
    beginnings
}

fn logins_without_auth_time() -> Vec<Event> {
    let user: UserId = "0192d0c5-7b3a-7cc0-8000-00805f9b34fb".into();
    vec![
        Event::LoggedIn(LoggedIn::new(user, vec!["pwd".into()], Assurance::Aal1)),
        Event::LoggedIn(LoggedIn::new("ž".into(), vec![], Assurance::Aal3)),
        Event::Reauthenticated(Reauthenticated::new(vec!["pwd".into(), "hwk".into()], Assurance::Aal2)),
    ]
}

fn values_without_form() -> Vec<Event> {
    let set = |key: &str, shape, bytes: Vec<u8>| {
        Event::ValueSet(ValueSet::new(key.into(), Value::new(shape, bytes)))
    };
    vec![
        set("cart", 1, vec![0, 1, 127, 128, 255]),
        set("größe", u16::MAX, vec![]),
        set("long", 300, vec![7; 200]),
    ]
}

fn flashes_without_level() -> Vec<Event> {
    vec![
        Event::FlashAdded(FlashAdded::new(String::new(), "Saved.".into())),
        Event::FlashAdded(FlashAdded::new("errors".into(), "Größe fehlt.".into())),
    ]
}

fn values() -> Vec<Event> {
    let set = |key: &str, value| Event::ValueSet(ValueSet::new(key.into(), value));
    let mut events = values_without_form();
    events.extend([
        set("size", Key::new("size").encode(&(3_u32, "größe".to_owned())).unwrap()),
        set("filter", Key::json("filter").shape(3).encode(&vec![Some(7_u32), None]).unwrap()),
        Event::ValueRemoved(ValueRemoved::new("cart".into())),
        Event::Cleared(Cleared::new()),
        Event::FlashAdded(FlashAdded::new(String::new(), Flash::info("Saved."))),
        Event::FlashAdded(FlashAdded::new("errors".into(), Flash::error("Größe fehlt."))),
        Event::FlashAdded(FlashAdded::new(String::new(), Flash::warning("Almost full."))),
        Event::FlashAdded(FlashAdded::new(String::new(), Flash::success(""))),
        Event::FlashTaken(FlashTaken::new("errors".into())),
    ]);
    events
}

fn time_limits() -> Vec<Event> {
    vec![
        Event::SettingsChanged(SettingsChanged::new(limits().into())),
        Event::SettingsChanged(SettingsChanged::new(StoredTimeouts { idle: Some(0), absolute: None })),
    ]
}

fn settings_and_renewals() -> Vec<Event> {
    let renewed =
        |grace, accepts_superseded| Event::Renewed(Renewed::new(hash(0x40), grace, accepts_superseded));
    let mut remembered = SettingsChanged::new(limits().into());
    (remembered.renewal_timeout, remembered.remembered) = (Some(3_600), Some(34_560_000));
    let mut events = time_limits();
    events.extend([
        Event::SettingsChanged(remembered),
        Event::RenewalOffered(RenewalOffered::new(hash(0x80))),
        renewed(30, true),
        renewed(0, false),
    ]);
    events
}

fn identities() -> Vec<Event> {
    vec![
        acting_as_bob("Ticket № 4711."),
        Event::ImpersonationEnded(ImpersonationEnded::new()),
        Event::FactorChanged(FactorChanged::new("pwd".into(), true)),
        Event::FactorChanged(FactorChanged::new("hwk".into(), false)),
        Event::GrantGiven(GrantGiven::new("transfer № 4711".into(), 120)),
        Event::GrantTaken(GrantTaken::new("transfer № 4711".into())),
    ]
}

fn clients() -> [Client; 2] {
    let client = |ip: &str, agent| Client::new(Some(ip.parse().unwrap()), agent);
    [client("192.0.2.1", Some("Mozilla/5.0 (X11; Linux x86_64)")), client("2001:db8::7", None)]
}

/// What a session remembers once both clients have come.
fn known_clients() -> KnownClients {
    let (mut state, [before, now]) = (SessionState::default(), clients());
    let changed = Event::ClientChanged(ClientChanged::new(true, true, false));
    let name = EventId::from_random([1; 16]);
    let mut entry = Entry::new(1, name, changed.encode(), OffsetDateTime::UNIX_EPOCH);
    (state.client, entry.client) = (Some(before), Some(now));
    state.advance(&entry).unwrap();
    state.content.extras.clients.clone()
}

fn changes_with_addresses() -> Vec<Event> {
    let [before, now] = clients();
    let to_the_second = ClientChanged::new(true, true, false).between(&before, &now);
    let to_nobody = ClientChanged::new(false, true, true).between(&now, &Client::default());
    vec![Event::ClientChanged(to_the_second), Event::ClientChanged(to_nobody)]
}

fn clients_and_devices() -> Vec<Event> {
    vec![
        Event::ClientChanged(ClientChanged::new(true, true, false)),
        Event::ClientChanged(ClientChanged::new(false, true, true)),
        Event::DeviceSeen(DeviceSeen::new(DeviceId::from_bytes([0x5d; 16]), true)),
        Event::DeviceSeen(DeviceSeen::new(DeviceId::new(at(1_700_000_000), [7; 10]), false)),
    ]
}

fn notes_of_text() -> Vec<Event> {
    vec![Event::Noted(Noted::of_text("order_placed", "№ 4711, 3 × 9 €"))]
}

fn notes() -> Vec<Event> {
    let exported = Note::new("exported").shape(300).encode(&(7_u32, Some("größe".to_owned()))).unwrap();
    let mut notes = notes_of_text();
    notes.push(Event::Noted(Noted::new("exported".into(), exported)));
    notes
}

fn acting_as_bob(reason: &str) -> Event {
    Event::ImpersonationStarted(ImpersonationStarted::new("bob".into(), reason.into()))
}

fn ends() -> Vec<Event> {
    let mut ends = ends_by_nobody();
    let by = SessionId::from_bytes([7; 16]);
    ends.push(Event::Ended(Ended::new(EndReason::LimitExceeded, at(1_700_000_000)).by(Some(by))));
    ends
}

fn ends_by_nobody() -> Vec<Event> {
    let reasons = [
        EndReason::LoggedOut,
        // As versions before 0.1 stored it.
        EndReason::Other("purged".into()),
        EndReason::IdleTimeout,
        EndReason::AbsoluteTimeout,
        EndReason::Revoked,
        EndReason::LimitExceeded,
        EndReason::CredentialChanged,
        EndReason::AccountDisabled,
        EndReason::TokenReplayed,
        EndReason::UserSwitched,
        EndReason::Other("left_the_shop".into()),
    ];
    let seen = OffsetDateTime::from_unix_timestamp_nanos(1_767_225_600_123_456_000).unwrap();
    let mut ends: Vec<Event> =
        reasons.into_iter().map(|reason| Event::Ended(Ended::new(reason, seen))).collect();
    let before_1970 = OffsetDateTime::from_unix_timestamp(-1).unwrap();
    ends.push(Event::Ended(Ended::new(EndReason::LoggedOut, before_1970)));
    ends
}
