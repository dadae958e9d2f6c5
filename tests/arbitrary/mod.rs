//! Arbitrary events, contents, wishes and times for property tests.
#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use session_ledger::Key;
use session_ledger::internals::Wish;
use session_ledger::session::*;
use time::{OffsetDateTime, PrimitiveDateTime, UtcOffset};

/// Names: a few, so that events meet in the same key, and now and then any text at all.
pub(crate) fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => prop::sample::select(vec!["", "a", "b", "cart", "größe"]).prop_map(str::to_owned),
        1 => any::<String>(),
    ]
}

pub(crate) fn value() -> impl Strategy<Value = Value> {
    let bytes = prop_oneof![
        4 => prop::sample::select(vec![vec![], vec![1], vec![2]]),
        1 => vec(any::<u8>(), 0..300),
    ];
    (prop_oneof![4 => Just(1), 1 => any::<u16>()], bytes, form()).prop_map(|(shape, bytes, form)| {
        let mut value = Value::new(shape, bytes);
        value.form = form;
        value
    })
}

/// Any form, with the fingerprints of two types.
fn form() -> impl Strategy<Value = Form> {
    let of = |encoded: Result<Value, ValueError>| encoded.unwrap().form;
    prop_oneof![
        1 => Just(Form::Postcard),
        2 => Just(of(Key::new("k").encode(&1_u32))),
        1 => Just(of(Key::new("k").encode(&1_i32))),
        1 => Just(Form::Json),
    ]
}

/// Any moment of the calendar, first and last included, in any offset.
pub(crate) fn time() -> impl Strategy<Value = OffsetDateTime> {
    let offset = (-25..=25_i8).prop_map(|hours| UtcOffset::from_hms(hours, 0, 0).unwrap());
    let utc = PrimitiveDateTime::MIN.assume_utc().unix_timestamp()
        ..=PrimitiveDateTime::MAX.assume_utc().unix_timestamp();
    let moment = (utc, 0..1_000_000_000_i64).prop_map(|(seconds, nanoseconds)| {
        OffsetDateTime::from_unix_timestamp(seconds).unwrap() + time::Duration::nanoseconds(nanoseconds)
    });
    let end = prop::sample::select(vec![PrimitiveDateTime::MIN, PrimitiveDateTime::MAX]);
    prop_oneof![
        1 => (end, offset).prop_map(|(end, offset)| end.assume_offset(offset)),
        3 => moment,
        3 => (0..10_i64).prop_map(|seconds| OffsetDateTime::from_unix_timestamp(seconds).unwrap()),
    ]
}

pub(crate) fn token_hash() -> impl Strategy<Value = TokenHash> {
    any::<[u8; 32]>().prop_map(TokenHash::from_bytes)
}

fn seconds() -> impl Strategy<Value = Option<u32>> {
    option::of(prop_oneof![0..100_u32, any::<u32>()])
}

pub(crate) fn timeouts() -> impl Strategy<Value = Timeouts> {
    (seconds(), seconds()).prop_map(|(idle, absolute)| Timeouts::default().idle(idle).absolute(absolute))
}

pub(crate) fn user() -> impl Strategy<Value = UserId> {
    name().prop_map(UserId::from)
}

pub(crate) fn assurance() -> impl Strategy<Value = Assurance> {
    prop::sample::select(vec![Assurance::Aal1, Assurance::Aal2, Assurance::Aal3])
}

pub(crate) fn reason() -> impl Strategy<Value = EndReason> {
    prop_oneof![
        prop::sample::select(vec![EndReason::LoggedOut, EndReason::IdleTimeout, EndReason::TokenReplayed]),
        name().prop_map(EndReason::Other),
        Just(EndReason::Other("logged_out".into())),
    ]
}

fn methods() -> impl Strategy<Value = Vec<String>> {
    vec(name(), 0..4)
}

/// A fact of any kind, known or not. Ends are rare, for nothing follows them.
pub(crate) fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        2 => value_event(),
        2 => identity_event(),
        1 => (name(), any::<i16>(), vec(any::<u8>(), 0..50))
            .prop_map(|(kind, shape, payload)| Event::Unknown(Encoded::new(kind, shape, payload))),
    ]
}

/// A message of any level.
pub(crate) fn flash() -> impl Strategy<Value = Flash> {
    let levels = vec![FlashLevel::Info, FlashLevel::Success, FlashLevel::Warning, FlashLevel::Error];
    (prop::sample::select(levels), name()).prop_map(|(level, text)| Flash::new(level, text))
}

/// A note of a text, or of bytes that may be no JSON.
pub(crate) fn noted() -> impl Strategy<Value = Noted> {
    prop_oneof![
        (name(), name()).prop_map(|(name, text)| Noted::of_text(name, &text)),
        (name(), value()).prop_map(|(name, value)| Noted::new(name, value)),
    ]
}

fn value_event() -> impl Strategy<Value = Event> {
    prop_oneof![
        (name(), value()).prop_map(|(key, value)| Event::ValueSet(ValueSet::new(key, value))),
        name().prop_map(|key| Event::ValueRemoved(ValueRemoved::new(key))),
        Just(Event::Cleared(Cleared::new())),
        (name(), flash()).prop_map(|(queue, message)| Event::FlashAdded(FlashAdded::new(queue, message))),
        name().prop_map(|queue| Event::FlashTaken(FlashTaken::new(queue))),
        noted().prop_map(Event::Noted),
    ]
}

fn identity_event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => (token_hash(), timeouts())
            .prop_map(|(token_hash, timeouts)| Event::Started(Started::new(token_hash, timeouts.into()))),
        4 => (user(), methods(), assurance())
            .prop_map(|(user, methods, assurance)| Event::LoggedIn(LoggedIn::new(user, methods, assurance))),
        2 => (user(), methods(), assurance(), option::of(stored_time())).prop_map(
            |(user, methods, assurance, at)| Event::LoggedIn(LoggedIn::new(user, methods, assurance).at(at))
        ),
        4 => (methods(), assurance())
            .prop_map(|(methods, assurance)| Event::Reauthenticated(Reauthenticated::new(methods, assurance))),
        4 => (timeouts(), seconds(), seconds()).prop_map(|(timeouts, renewal_timeout, remembered)| {
            let mut fact = SettingsChanged::new(timeouts.into());
            (fact.renewal_timeout, fact.remembered) = (renewal_timeout, remembered);
            Event::SettingsChanged(fact)
        }),
        4 => token_hash().prop_map(|token_hash| Event::RenewalOffered(RenewalOffered::new(token_hash))),
        4 => (token_hash(), prop_oneof![Just(0), any::<u32>()], any::<bool>()).prop_map(
            |(token_hash, grace, accepts_superseded)| Event::Renewed(Renewed::new(token_hash, grace, accepts_superseded))
        ),
        4 => (user(), name())
            .prop_map(|(user, reason)| Event::ImpersonationStarted(ImpersonationStarted::new(user, reason))),
        4 => Just(Event::ImpersonationEnded(ImpersonationEnded::new())),
        2 => client_changed().prop_map(Event::ClientChanged),
        2 => (device(), any::<bool>())
            .prop_map(|(device, is_new)| Event::DeviceSeen(DeviceSeen::new(device, is_new))),
        2 => (name(), any::<bool>())
            .prop_map(|(factor, ends)| Event::FactorChanged(FactorChanged::new(factor, ends))),
        2 => (name(), any::<u32>()).prop_map(|(name, seconds)| Event::GrantGiven(GrantGiven::new(name, seconds))),
        2 => name().prop_map(|name| Event::GrantTaken(GrantTaken::new(name))),
        1 => (reason(), time(), option::of(session_id())).prop_map(
            |(reason, last_seen, by)| Event::Ended(Ended::new(reason, last_seen).by(by))
        ),
    ]
}

pub(crate) fn content() -> impl Strategy<Value = Content> {
    (
        timeouts(),
        methods(),
        assurance(),
        option::of(token_hash()),
        btree_map(any::<String>(), value(), 0..8),
        btree_map(any::<String>(), vec(flash(), 0..4), 0..4),
        option::of(stored_time()),
        vec(superseded(), 0..3),
        option::of(extras()).prop_map(Option::unwrap_or_default),
    )
        .prop_map(
            |(timeouts, methods, assurance, offered, values, flashes, renewed_at, earlier, extras)| Content {
                timeouts,
                methods,
                assurance,
                offered,
                values,
                flashes,
                renewed_at,
                earlier,
                extras,
            },
        )
}

fn extras() -> impl Strategy<Value = Extras> {
    (
        option::of(user()),
        (known_clients(), any::<bool>(), option::of(device())),
        (seconds(), seconds(), option::of(stored_time()), option::of(stored_time())),
        proving(),
    )
        .prop_map(|(impersonated, (clients, step_up, device), settings, proving)| {
            let mut extras = Extras::default();
            extras.change(|state| {
                (state.impersonated, state.clients) = (impersonated, clients);
                (state.step_up, state.device) = (step_up, device);
                (state.renewal_timeout, state.remembered, state.remembered_at, state.offered_at) = settings;
                (state.auth_time, state.proofs, state.grants) = proving;
            });
            extras
        })
}

pub(crate) fn device() -> impl Strategy<Value = DeviceId> {
    any::<[u8; 16]>().prop_map(DeviceId::from_bytes)
}

fn client_changed() -> impl Strategy<Value = ClientChanged> {
    any::<[bool; 3]>().prop_map(|[agent, network, step_up]| ClientChanged::new(agent, network, step_up))
}

/// What a session remembers of its clients after some changes.
fn known_clients() -> impl Strategy<Value = KnownClients> {
    vec((client_changed(), client()), 0..4).prop_map(|changes| {
        let mut state = SessionState::default();
        for (change, now) in changes {
            let encoded = Event::ClientChanged(change).encode();
            let name = EventId::from_random([7; 16]);
            let mut entry = Entry::new(state.version + 1, name, encoded, OffsetDateTime::UNIX_EPOCH);
            entry.client = Some(now);
            state.advance(&entry).unwrap();
        }
        state.content.extras.clients.clone()
    })
}

fn proving() -> impl Strategy<Value = (Option<OffsetDateTime>, Vec<Proof>, Vec<Grant>)> {
    let proof = (name(), stored_time()).prop_map(|(method, at)| Proof { method, at });
    let grant = (name(), stored_time()).prop_map(|(operation, until)| Grant { operation, until });
    (option::of(stored_time()), vec(proof, 0..3), vec(grant, 0..3))
}

fn session_id() -> impl Strategy<Value = SessionId> {
    any::<[u8; 16]>().prop_map(SessionId::from_bytes)
}

/// A time as the database keeps it.
fn stored_time() -> impl Strategy<Value = OffsetDateTime> {
    let micros = |micros: i64| OffsetDateTime::UNIX_EPOCH + time::Duration::microseconds(micros);
    (0..4_000_000_000_000_000_i64).prop_map(micros)
}

fn superseded() -> impl Strategy<Value = Superseded> {
    (token_hash(), stored_time(), any::<bool>()).prop_map(|(token_hash, until, accepted)| Superseded {
        token_hash,
        until,
        accepted,
    })
}

/// Any wish of a handler. Ends are rare.
pub(crate) fn wish() -> impl Strategy<Value = Wish> {
    prop_oneof![
        9 => (name(), value()).prop_map(|(key, value)| Wish::SetValue { key, value }),
        5 => name().prop_map(|key| Wish::RemoveValue { key }),
        2 => Just(Wish::Clear),
        5 => (name(), flash()).prop_map(|(queue, message)| Wish::AddFlash { queue, message }),
        5 => name().prop_map(|queue| Wish::TakeFlash { queue }),
        2 => (user(), methods(), assurance())
            .prop_map(|(user, methods, assurance)| Wish::LogIn { user, methods, assurance, auth_time: None }),
        1 => (methods(), assurance())
            .prop_map(|(methods, assurance)| Wish::Reauthenticate { methods, assurance, auth_time: None }),
        1 => (token_hash(), 0..3_u32, any::<bool>()).prop_map(|(token_hash, grace, accepts_superseded)| {
            Wish::Renew { token_hash, grace, accepts_superseded }
        }),
        1 => timeouts().prop_map(Wish::ChangeTimeouts),
        1 => seconds().prop_map(|renewal_timeout| Wish::ChangeRenewal { renewal_timeout }),
        1 => (seconds(), timeouts())
            .prop_map(|(remembered, timeouts)| Wish::Remember { remembered, timeouts }),
        1 => (user(), name()).prop_map(|(user, reason)| Wish::Impersonate { user, reason }),
        1 => (name(), any::<bool>())
            .prop_map(|(factor, ends_others)| Wish::ChangeFactor { factor, ends_others }),
        1 => (name(), 0..4_000_u32).prop_map(|(operation, seconds)| Wish::Grant { operation, seconds }),
        1 => (name(), time()).prop_map(|(operation, at)| Wish::TakeGrant { operation, at }),
        1 => Just(Wish::EndImpersonation),
        2 => token_hash().prop_map(|token_hash| Wish::OfferToken { token_hash }),
        1 => (device(), any::<bool>()).prop_map(|(device, is_new)| Wish::SeeDevice { device, is_new }),
        1 => noted().prop_map(Wish::Note),
        1 => (reason(), time()).prop_map(|(reason, last_seen)| Wish::End { reason, last_seen, by: None }),
    ]
}

pub(crate) fn client() -> impl Strategy<Value = Client> {
    let ip = prop_oneof![
        any::<[u8; 4]>().prop_map(|octets| IpAddr::V4(Ipv4Addr::from(octets))),
        any::<[u8; 16]>().prop_map(|octets| IpAddr::V6(Ipv6Addr::from(octets))),
    ];
    (option::of(ip), option::of(any::<String>())).prop_map(|(ip, agent)| Client::new(ip, agent.as_deref()))
}
