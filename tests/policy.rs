//! Rules and time limits: settings that are refused, and the time at which a session is over.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;

use session_ledger::internals::{Expiry, Holding, Moment, Wish};
use session_ledger::session::*;
use time::{Duration, OffsetDateTime, PrimitiveDateTime};

#[test]
fn the_default_policy_can_be_followed() {
    let policy = Policy::default();
    assert_eq!(policy.validate(), Ok(()));
    assert_eq!(policy.timeouts(), Timeouts::default().idle(1_209_600).absolute(2_592_000));
    assert_eq!((policy.extension_delay, policy.renewal_grace), (60, 30));
    assert_eq!((policy.extension_chance, policy.extension_deadline), (100, 300));
    assert_eq!((policy.assurance, &policy.deviation), (Assurance::Aal1, &None));
    assert_eq!((policy.renewal_timeout, policy.renewal_try_every, policy.state_bytes_max), (None, 0, 65_536));
}

/// A change of one setting, and the message about it.
type Row = (&'static str, fn(&mut Policy), Option<&'static str>);

const LONGER: &str = "setting `absolute_timeout` must be longer than `idle_timeout`";
const DELAY: &str =
    "setting `extension_delay` must be shorter than `idle_timeout`, or reading would not keep a session";
const SIZE: &str = "setting `state_bytes_max` must be between 1 and 65536 bytes";

const OFF: &str = "setting `absolute_timeout` is off, but NIST SP 800-63B-4 section 2.1.3 (AAL1) asks for 30 days at most: \
     lower it, or say why with `deviation`";
const CHANCE: &str = "setting `extension_chance` must be between 1 and 100 percent";
const EARLY: &str = "setting `extension_deadline` must be longer than `extension_delay`, or `extension_chance` would have no time";
const LATE: &str =
    "setting `extension_deadline` must be shorter than `idle_timeout`, or reading might not keep a session";
const REASON: &str =
    "setting `deviation` must say why limits are beyond the standard's; leave it unset otherwise";

const PILED: &str =
    "setting `renewal_timeout` must be longer than `renewal_grace`, or superseded tokens would pile up";
const LOST: &str =
    "setting `renewal_try_every` must be shorter than `renewal_timeout`, or a lost token would stay lost";

const NOBODY: &str = "setting `sessions_per_user` must be at least 1, or nobody could log in";

const ROWS: [Row; 35] = [
    ("no idle limit", |policy| policy.idle_timeout = None, None),
    ("no absolute limit", |policy| policy.absolute_timeout = None, Some(OFF)),
    (
        "no absolute limit, with a reason",
        |policy| (policy.absolute_timeout, policy.deviation) = (None, Some("A kiosk.".to_owned())),
        None,
    ),
    ("a reason that is not needed", |policy| policy.deviation = Some("A kiosk.".to_owned()), None),
    ("a reason without words", |policy| policy.deviation = Some(" ".to_owned()), Some(REASON)),
    ("no chance", |policy| policy.extension_chance = 0, Some(CHANCE)),
    ("more than certain", |policy| policy.extension_chance = 101, Some(CHANCE)),
    ("any deadline without a chance", |policy| policy.extension_deadline = 0, None),
    ("a chance", |policy| policy.extension_chance = 99, None),
    (
        "a deadline as the delay",
        |policy| (policy.extension_chance, policy.extension_deadline) = (1, 60),
        Some(EARLY),
    ),
    (
        "a deadline above the delay",
        |policy| (policy.extension_chance, policy.extension_deadline) = (1, 61),
        None,
    ),
    (
        "a deadline below idle",
        |policy| (policy.extension_chance, policy.extension_deadline) = (1, 1_209_599),
        None,
    ),
    (
        "a deadline as idle",
        |policy| (policy.extension_chance, policy.extension_deadline) = (1, 1_209_600),
        Some(LATE),
    ),
    (
        "any deadline without idle",
        |policy| {
            (policy.extension_chance, policy.extension_deadline) = (1, u32::MAX);
            policy.idle_timeout = None;
        },
        None,
    ),
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
    ("a renewal within the grace", |policy| policy.renewal_timeout = Some(30), Some(PILED)),
    ("a renewal after the grace", |policy| policy.renewal_timeout = Some(31), None),
    (
        "a try as late as the renewal",
        |policy| (policy.renewal_timeout, policy.renewal_try_every) = (Some(31), 31),
        Some(LOST),
    ),
    ("any try without a renewal", |policy| policy.renewal_try_every = u32::MAX - 1, None),
    ("no room", |policy| policy.state_bytes_max = 0, Some(SIZE)),
    ("a byte of room", |policy| policy.state_bytes_max = 1, None),
    ("all the room", |policy| policy.state_bytes_max = 65_536, None),
    ("too much room", |policy| policy.state_bytes_max = 65_537, Some(SIZE)),
    ("no session", |policy| policy.sessions_per_user = Some(0), Some(NOBODY)),
    ("a session", |policy| policy.sessions_per_user = Some(1), None),
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
    assert_eq!((error.setting, &*error.problem), ("absolute_timeout", "must be longer than `idle_timeout`"));
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
    assert!(
        error.starts_with(
            "unknown field `idle_timout`, expected one of `assurance`, `deviation`, `idle_timeout`"
        ),
        "{error}"
    );
}

#[test]
fn a_setting_of_the_wrong_kind_is_refused() {
    let span = "whole seconds up to 4294967295, or a text such as \"90s\", \"30m\", \"12h\" or \"14d\"";
    let or_none = format!("{span}, or \"none\" for no limit");
    let rows = [
        (r#"{ "idle_timeout": -1 }"#, format!("invalid value: integer `-1`, expected {or_none}")),
        (
            r#"{ "idle_timeout": 4294967296 }"#,
            format!("invalid value: integer `4294967296`, expected {or_none}"),
        ),
        (r#"{ "idle_timeout": "soon" }"#, format!("invalid value: string \"soon\", expected {or_none}")),
        (r#"{ "idle_timeout": 1.5 }"#, format!("invalid type: floating point `1.5`, expected {or_none}")),
        (r#"{ "extension_delay": null }"#, format!("invalid type: null, expected {span}")),
        (r#"{ "extension_delay": "none" }"#, format!("invalid value: string \"none\", expected {span}")),
        (r#"{ "assurance": "aal4" }"#, "unknown variant `aal4`, expected one of ".to_owned()),
    ];
    for (text, message) in rows {
        let error = serde_json::from_str::<Policy>(text).unwrap_err().to_string();
        assert!(error.starts_with(&message), "{text}: {error}");
    }
}

#[test]
fn a_span_of_time_is_read_as_people_write_it() {
    let text = r#"{ "assurance": "aal2", "idle_timeout": "30m", "absolute_timeout": "12h", "extension_delay": "90s",
                    "renewal_grace": 5 }"#;
    let policy =
        Policy::aal2().idle_timeout(1_800).absolute_timeout(43_200).extension_delay(90).renewal_grace(5);
    assert_eq!(serde_json::from_str::<Policy>(text).unwrap(), policy);
    let text = r#"{ "idle_timeout": "none", "absolute_timeout": null }"#;
    let policy = Policy::default().idle_timeout(None).absolute_timeout(None);
    assert_eq!(serde_json::from_str::<Policy>(text).unwrap(), policy);
}

#[test]
fn a_session_ends_exactly_at_its_idle_deadline() {
    let state = limited(Some(60), None);
    let idle = Some(Expiry { reason: EndReason::IdleTimeout, deadline: at(160) });
    assert_eq!(state.expiry(Timeouts::default(), at(100), at(159)), None);
    assert_eq!(state.expiry(Timeouts::default(), at(100), at(160) - Duration::nanoseconds(1)), None);
    assert_eq!(state.expiry(Timeouts::default(), at(100), at(160)), idle);
    assert_eq!(state.expiry(Timeouts::default(), at(100), at(161)), idle);
    assert_eq!(state.absolute_deadline(), None);
}

#[test]
fn a_session_ends_exactly_at_its_absolute_deadline_however_busy_it_is() {
    let state = limited(None, Some(60));
    let absolute = Some(Expiry { reason: EndReason::AbsoluteTimeout, deadline: at(70) });
    assert_eq!(state.absolute_deadline(), Some(at(70)));
    assert_eq!(state.expiry(Timeouts::default(), at(69), at(69)), None);
    assert_eq!(state.expiry(Timeouts::default(), at(70), at(70)), absolute);
    assert_eq!(state.expiry(Timeouts::default(), at(71), at(71)), absolute);
}

#[test]
fn of_two_limits_the_one_that_is_reached_first_counts() {
    let state = limited(Some(60), Some(100));
    let end = |last_seen| {
        state.expiry(Timeouts::default(), at(last_seen), at(1_000)).map(|end| (end.reason, end.deadline))
    };
    assert_eq!(end(49), Some((EndReason::IdleTimeout, at(109))));
    assert_eq!(end(50), Some((EndReason::IdleTimeout, at(110))), "both at once");
    assert_eq!(end(51), Some((EndReason::AbsoluteTimeout, at(110))));
    assert_eq!(state.expiry(Timeouts::default(), at(51), at(109)), None);
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
    assert_eq!(state.expiry(Timeouts::default(), at(148), at(148)), None);
    assert_eq!(
        state.expiry(Timeouts::default(), at(148), at(149)).map(|end| end.reason),
        Some(EndReason::AbsoluteTimeout)
    );
}

#[test]
fn new_limits_count_from_the_same_moments() {
    let mut state = limited(Some(60), Some(100));
    let timeouts = Timeouts::default().idle(600);
    state.apply(&Event::SettingsChanged(SettingsChanged::new(timeouts.into())), at(50));
    assert_eq!(state.expiry(Timeouts::default(), at(50), at(649)), None);
    assert_eq!(state.expiry(Timeouts::default(), at(50), at(650)).map(|end| end.deadline), Some(at(650)));
}

#[test]
fn a_session_without_limits_never_ends() {
    let state = limited(None, None);
    let (first, last) = (PrimitiveDateTime::MIN.assume_utc(), PrimitiveDateTime::MAX.assume_utc());
    assert_eq!(state.expiry(Timeouts::default(), first, last), None);
    assert_eq!(state.absolute_deadline(), None);
}

#[test]
fn a_deadline_beyond_the_calendar_is_its_end() {
    let last = PrimitiveDateTime::MAX.assume_utc();
    let mut state = limited(Some(u32::MAX), Some(u32::MAX));
    state.started_at = last - Duration::seconds(10);
    assert_eq!(state.absolute_deadline(), Some(last));
    assert_eq!(
        state.expiry(Timeouts::default(), last - Duration::seconds(10), last - Duration::seconds(1)),
        None
    );
}

#[test]
fn a_session_last_seen_in_the_future_is_not_over() {
    assert_eq!(limited(Some(60), None).expiry(Timeouts::default(), at(1_000), at(20)), None);
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

#[test]
fn a_session_without_a_limit_of_its_own_has_the_policy_s() {
    let state = limited(None, Some(100));
    let policy = Timeouts::default().idle(60).absolute(20);
    let end =
        |last_seen, now| state.expiry(policy, at(last_seen), at(now)).map(|end| (end.reason, end.deadline));
    assert_eq!(end(30, 89), None, "its own absolute limit is longer than the policy's");
    assert_eq!(end(30, 90), Some((EndReason::IdleTimeout, at(90))));
    assert_eq!(end(80, 110), Some((EndReason::AbsoluteTimeout, at(110))));
    assert_eq!(state.absolute_deadline(), Some(at(110)));
    let state = limited(Some(600), None);
    let end = |now| state.expiry(policy, at(10), at(now)).map(|end| (end.reason, end.deadline));
    assert_eq!((end(29), end(30)), (None, Some((EndReason::AbsoluteTimeout, at(30)))));
    assert_eq!(state.absolute_deadline(), None);
}

/// The ceilings of NIST SP 800-63B-4, sections 2.1.3, 2.2.3 and 2.3.3 (ASVS 7.1.1; N10).
#[test]
fn a_limit_beyond_the_standard_needs_a_written_reason() {
    const DAY: u32 = 86_400;
    let long = Policy::aal1().absolute_timeout(31 * DAY);
    let rows = [
        (Policy::aal1(), None),
        (Policy::aal1().idle_timeout(None), None),
        (Policy::aal2(), None),
        (Policy::aal3(), None),
        (
            long,
            Some(
                "`absolute_timeout` is 31 days, beyond the 30 days of NIST SP 800-63B-4 section 2.1.3 (AAL1)",
            ),
        ),
        (
            Policy::aal2().idle_timeout(3_601),
            Some(
                "`idle_timeout` is 3601 seconds, beyond the 1 hour of NIST SP 800-63B-4 section 2.2.3 (AAL2)",
            ),
        ),
        (
            Policy::aal2().idle_timeout(None),
            Some("`idle_timeout` is off, but NIST SP 800-63B-4 section 2.2.3 (AAL2) asks for 1 hour at most"),
        ),
        (
            Policy::aal2().absolute_timeout(25 * 3_600),
            Some(
                "`absolute_timeout` is 25 hours, beyond the 24 hours of NIST SP 800-63B-4 section 2.2.3 (AAL2)",
            ),
        ),
        (
            Policy::aal3().idle_timeout(901),
            Some(
                "`idle_timeout` is 901 seconds, beyond the 15 minutes of NIST SP 800-63B-4 section 2.3.3 (AAL3)",
            ),
        ),
        (
            Policy::aal3().absolute_timeout(43_201),
            Some(
                "`absolute_timeout` is 43201 seconds, beyond the 12 hours of NIST SP 800-63B-4 section 2.3.3 (AAL3)",
            ),
        ),
    ];
    for (policy, refusal) in rows {
        let said = policy.validate().map_err(|error| error.to_string());
        let refused = |why| Err(format!("setting {why}: lower it, or say why with `deviation`"));
        assert_eq!(said, refusal.map_or(Ok(()), refused));
        assert_eq!(policy.deviation("Agreed with the security officer, 2026-11.").validate(), Ok(()));
    }
}

#[test]
fn a_policy_is_printed_as_a_document() {
    printed("policy_aal2", &Policy::aal2().document());
    let chancy = Policy::aal1().extension_chance(10).absolute_timeout(90 * 86_400).idle_timeout(None);
    printed("policy_refused", &chancy.document());
    printed("policy_deviating", &chancy.deviation("A shopping list with no personal data.").document());
    printed("policy_aal3", &Policy::aal3().document());
}

/// Compares with a file, which `UPDATE_DOCUMENTS=1` writes anew.
fn printed(name: &str, text: &str) {
    let path = format!("{}/tests/documents/{name}.md", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("UPDATE_DOCUMENTS").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    assert_eq!(text, std::fs::read_to_string(&path).unwrap_or_default(), "{path}");
}

#[test]
fn a_session_s_own_limits_are_held_to_the_policy_s_ceilings() {
    let set = |policy: Policy, own| {
        let id = SessionId::new(at(0), [0; 10]);
        let mut holding = Holding::anonymous(Arc::new(policy), id, Moment::Process(at(0)));
        holding.wish(Wish::ChangeTimeouts(own)).map_err(|error| error.to_string())
    };
    let long = Timeouts::default().absolute(90 * 86_400);
    let refusal = "setting `absolute_timeout` is 90 days, beyond the 30 days of NIST SP 800-63B-4 section 2.1.3 \
                   (AAL1): lower it, or say why with `deviation`";
    assert_eq!(set(Policy::aal1(), long), Err(refusal.to_owned()));
    assert_eq!(set(Policy::aal1().deviation("A shopping list."), long), Ok(()));
    let idle = Timeouts::default().idle(1_800);
    assert_eq!(set(Policy::aal2(), idle), Ok(()), "the absolute limit is the policy's");
    let endless = Timeouts::default().idle(86_400);
    assert_eq!(set(Policy::aal2(), endless), Err(LONGER.to_owned()));
}
