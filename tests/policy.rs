//! Rules and time limits: settings that are refused, and the time at which a session is over.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use session_ledger::internals::Expiry;
use session_ledger::session::*;
use time::{Duration, OffsetDateTime, PrimitiveDateTime};

#[test]
fn the_default_policy_can_be_followed() {
    let policy = Policy::default();
    assert_eq!(policy.validate(), Ok(()));
    assert_eq!(policy.timeouts(), Timeouts::default().idle(1_209_600).absolute(2_592_000));
    assert_eq!((policy.extension_delay, policy.renewal_grace), (60, 30));
    assert_eq!(policy.state_bytes_max, 65_536);
}

/// A change of one setting, and the message about it.
type Row = (&'static str, fn(&mut Policy), Option<&'static str>);

const LONGER: &str = "setting `absolute_timeout` must be longer than `idle_timeout`";
const DELAY: &str =
    "setting `extension_delay` must be shorter than `idle_timeout`, or reading would not keep a session";
const SIZE: &str = "setting `state_bytes_max` must be between 1 and 65536 bytes";

const ROWS: [Row; 17] = [
    ("no idle limit", |policy| policy.idle_timeout = None, None),
    ("no absolute limit", |policy| policy.absolute_timeout = None, None),
    (
        "no idle time",
        |policy| policy.idle_timeout = Some(0),
        Some("setting `idle_timeout` must be at least 1 second"),
    ),
    (
        "no time at all",
        |policy| (policy.idle_timeout, policy.absolute_timeout) = (None, Some(0)),
        Some("setting `absolute_timeout` must be at least 1 second"),
    ),
    ("a second in all", |policy| (policy.idle_timeout, policy.absolute_timeout) = (None, Some(1)), None),
    ("absolute below idle", |policy| policy.absolute_timeout = Some(1_209_599), Some(LONGER)),
    ("absolute as idle", |policy| policy.absolute_timeout = Some(1_209_600), Some(LONGER)),
    ("absolute above idle", |policy| policy.absolute_timeout = Some(1_209_601), None),
    ("delay below idle", |policy| policy.extension_delay = 1_209_599, None),
    ("delay as idle", |policy| policy.extension_delay = 1_209_600, Some(DELAY)),
    ("delay above idle", |policy| policy.extension_delay = u32::MAX, Some(DELAY)),
    (
        "any delay without idle",
        |policy| (policy.idle_timeout, policy.extension_delay) = (None, u32::MAX),
        None,
    ),
    ("no delay, no grace", |policy| (policy.extension_delay, policy.renewal_grace) = (0, 0), None),
    ("no room", |policy| policy.state_bytes_max = 0, Some(SIZE)),
    ("a byte of room", |policy| policy.state_bytes_max = 1, None),
    ("all the room", |policy| policy.state_bytes_max = 65_536, None),
    ("too much room", |policy| policy.state_bytes_max = 65_537, Some(SIZE)),
];

#[test]
fn a_rule_that_cannot_be_followed_is_refused_by_its_name() {
    for (name, change, refusal) in ROWS {
        let mut policy = Policy::default();
        change(&mut policy);
        let said = policy.validate().map_err(|error| error.to_string());
        assert_eq!(said, refusal.map_or(Ok(()), |refusal| Err(refusal.to_owned())), "{name}");
    }
}

#[test]
fn a_session_s_own_limits_are_checked_alike() {
    let error = Timeouts::default().idle(60).absolute(59).validate().unwrap_err();
    assert_eq!((error.setting, error.problem), ("absolute_timeout", "must be longer than `idle_timeout`"));
    assert_eq!(Timeouts::default().validate(), Ok(()));
}

#[test]
fn a_setting_that_is_left_out_is_the_default() {
    let policy: Policy = serde_json::from_str(r#"{ "idle_timeout": null, "renewal_grace": 5 }"#).unwrap();
    assert_eq!(policy, Policy::default().idle_timeout(None).renewal_grace(5));
    assert_eq!(serde_json::from_str::<Policy>("{}").unwrap(), Policy::default());
}

#[test]
fn a_written_policy_is_read_as_it_was() {
    let policy = Policy::default().absolute_timeout(None).state_bytes_max(1_024);
    let text = serde_json::to_string(&policy).unwrap();
    assert_eq!(serde_json::from_str::<Policy>(&text).unwrap(), policy);
}

#[test]
fn an_unknown_setting_is_refused_by_its_name() {
    let error = serde_json::from_str::<Policy>(r#"{ "idle_timout": 60 }"#).unwrap_err().to_string();
    assert!(error.starts_with("unknown field `idle_timout`, expected one of `idle_timeout`"), "{error}");
}

#[test]
fn a_setting_of_the_wrong_kind_is_refused() {
    for text in [r#"{ "idle_timeout": -1 }"#, r#"{ "idle_timeout": "60" }"#, r#"{ "extension_delay": null }"#]
    {
        assert!(serde_json::from_str::<Policy>(text).is_err(), "{text}");
    }
}

#[test]
fn a_session_ends_exactly_at_its_idle_deadline() {
    let state = limited(Some(60), None);
    let idle = Some(Expiry { reason: EndReason::IdleTimeout, deadline: at(160) });
    assert_eq!(state.expiry(at(100), at(159)), None);
    assert_eq!(state.expiry(at(100), at(160) - Duration::nanoseconds(1)), None);
    assert_eq!(state.expiry(at(100), at(160)), idle);
    assert_eq!(state.expiry(at(100), at(161)), idle);
    assert_eq!(state.absolute_deadline(), None);
}

#[test]
fn a_session_ends_exactly_at_its_absolute_deadline_however_busy_it_is() {
    let state = limited(None, Some(60));
    let absolute = Some(Expiry { reason: EndReason::AbsoluteTimeout, deadline: at(70) });
    assert_eq!(state.absolute_deadline(), Some(at(70)));
    assert_eq!(state.expiry(at(69), at(69)), None);
    assert_eq!(state.expiry(at(70), at(70)), absolute);
    assert_eq!(state.expiry(at(71), at(71)), absolute);
}

#[test]
fn of_two_limits_the_one_that_is_reached_first_counts() {
    let state = limited(Some(60), Some(100));
    let end = |last_seen| state.expiry(at(last_seen), at(1_000)).map(|end| (end.reason, end.deadline));
    assert_eq!(end(49), Some((EndReason::IdleTimeout, at(109))));
    assert_eq!(end(50), Some((EndReason::IdleTimeout, at(110))), "both at once");
    assert_eq!(end(51), Some((EndReason::AbsoluteTimeout, at(110))));
    assert_eq!(state.expiry(at(51), at(109)), None);
}

#[test]
fn a_proof_of_identity_moves_the_absolute_deadline() {
    let mut state = limited(None, Some(60));
    let login = LoggedIn::new("alice".into(), vec![], Assurance::Aal1);
    state.apply(&Event::LoggedIn(login), at(30));
    assert_eq!(state.absolute_deadline(), Some(at(90)));
    let again = Reauthenticated::new(vec!["pwd".into()], Assurance::Aal1);
    state.apply(&Event::Reauthenticated(again), at(89));
    assert_eq!(state.absolute_deadline(), Some(at(149)));
    assert_eq!(state.expiry(at(148), at(148)), None);
    assert_eq!(state.expiry(at(148), at(149)).map(|end| end.reason), Some(EndReason::AbsoluteTimeout));
}

#[test]
fn new_limits_count_from_the_same_moments() {
    let mut state = limited(Some(60), Some(100));
    let timeouts = Timeouts::default().idle(600);
    state.apply(&Event::SettingsChanged(SettingsChanged::new(timeouts.into())), at(50));
    assert_eq!(state.expiry(at(50), at(649)), None);
    assert_eq!(state.expiry(at(50), at(650)).map(|end| end.deadline), Some(at(650)));
}

#[test]
fn a_session_without_limits_never_ends() {
    let state = limited(None, None);
    let (first, last) = (PrimitiveDateTime::MIN.assume_utc(), PrimitiveDateTime::MAX.assume_utc());
    assert_eq!(state.expiry(first, last), None);
    assert_eq!(state.absolute_deadline(), None);
}

#[test]
fn a_deadline_beyond_the_calendar_is_its_end() {
    let last = PrimitiveDateTime::MAX.assume_utc();
    let mut state = limited(Some(u32::MAX), Some(u32::MAX));
    state.started_at = last - Duration::seconds(10);
    assert_eq!(state.absolute_deadline(), Some(last));
    assert_eq!(state.expiry(last - Duration::seconds(10), last - Duration::seconds(1)), None);
}

#[test]
fn a_session_last_seen_in_the_future_is_not_over() {
    assert_eq!(limited(Some(60), None).expiry(at(1_000), at(20)), None);
}

/// A session that started at second 10.
fn limited(idle: Option<u32>, absolute: Option<u32>) -> SessionState {
    let started = Started::new(TokenHash::default(), StoredTimeouts { idle, absolute });
    let mut state = SessionState::default();
    state.apply(&Event::Started(started), at(10));
    state
}

fn at(seconds: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(seconds).unwrap()
}
