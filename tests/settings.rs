//! Settings from a file and from environment variables: each is read, an unknown one is refused by its name,
//! and settings that contradict each other are refused by what to do about them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use session_ledger::Ledger;
use session_ledger::session::{Assurance, Policy, Reaction, SessionsExcess};
use session_ledger::token::{CookieSettings, SameSite};
use session_ledger::web::{RequestSettings, Sessions, Settings, SettingsError};
use test_support::{Database, Visitor, application, key_ring};

const PREFIX: &str = "SHOP_SESSION_";

/// Every setting, each with a value that is not its default.
const EVERYTHING: &str = r#"{
    "policy": {
        "assurance": "aal2", "deviation": "Long evenings.", "idle_timeout": "30m", "absolute_timeout": "2d",
        "extension_delay": "90s", "extension_chance": 10, "extension_deadline": "5m", "renewal_grace": 5,
        "renewal_timeout": "1h", "renewal_try_every": 20, "state_bytes_max": 1024, "changed_agent": "note",
        "changed_network": "step_up", "network_prefix_v4": 16, "network_prefix_v6": 32,
        "sessions_per_user": 3, "sessions_excess": "ask"
    },
    "cookie": {
        "name": "__Secure-shop", "same_site": "none", "secure": true, "domain": "example.org",
        "path": "/shop", "partitioned": true
    },
    "requests": {
        "audience": "tenant", "user_in_log": true, "refuse_superseded": true, "replay_bytes_max": 1000,
        "replay_bytes_total": 2000, "starts_per_minute": 60, "known_devices": "30d", "provenance": true,
        "trusted_proxies": "10.0.0.0/8, 2001:db8:1::/48"
    }
}"#;

fn everything() -> Settings {
    let mut settings = Settings::default();
    settings.policy = Policy::aal2()
        .deviation("Long evenings.")
        .idle_timeout(1_800)
        .absolute_timeout(172_800)
        .extension_delay(90)
        .extension_chance(10)
        .extension_deadline(300)
        .renewal_grace(5)
        .renewal_timeout(3_600)
        .renewal_try_every(20)
        .state_bytes_max(1_024)
        .changed_agent(Reaction::Note)
        .changed_network(Reaction::StepUp)
        .network_prefixes(16, 32)
        .sessions_per_user(3, SessionsExcess::Ask);
    settings.cookie = CookieSettings::default().name("__Secure-shop").same_site(SameSite::None);
    settings.cookie = settings.cookie.domain("example.org").path("/shop").partitioned();
    settings.requests.audience = "tenant".to_owned();
    settings.requests.user_in_log = true;
    settings.requests.refuse_superseded = true;
    settings.requests.replay_bytes_max = 1_000;
    settings.requests.replay_bytes_total = 2_000;
    settings.requests.starts_per_minute = Some(60);
    settings.requests.provenance = true;
    settings.requests.known_devices = Some(30 * 86_400);
    settings.requests.trusted_proxies =
        vec!["10.0.0.0/8".parse().unwrap(), "2001:db8:1::/48".parse().unwrap()];
    settings
}

#[test]
fn a_file_says_every_setting() {
    let settings: Settings = serde_json::from_str(EVERYTHING).unwrap();
    assert_eq!(settings, everything());
    assert_eq!(settings.validate(), Ok(()));
    assert_eq!(serde_json::from_str::<Settings>("{}").unwrap(), Settings::default());
    assert_eq!(Settings::default().validate(), Ok(()));
}

/// The same in TOML, as operators write it. There the refusal also shows the line.
#[test]
fn a_file_in_toml_is_read_and_refused_by_its_line() {
    let read = |text: &str| toml::from_str::<Settings>(text);
    let text = r#"
        [policy]
        assurance = "aal2"
        idle_timeout = "30m"
        absolute_timeout = 43200

        [cookie]
        same_site = "strict"

        [requests]
        starts_per_minute = 60
    "#;
    let mut settings = Settings::default();
    settings.policy = Policy::aal2().idle_timeout(1_800).absolute_timeout(43_200);
    settings.cookie = CookieSettings::default().same_site(SameSite::Strict);
    settings.requests.starts_per_minute = Some(60);
    assert_eq!(read(text).unwrap(), settings);

    let endless = read("[policy]\nidle_timeout = \"none\"").unwrap();
    assert_eq!(endless.policy.idle_timeout, None);
    let refusal = read("[policy]\nidle_timeout = \"soon\"").unwrap_err().to_string();
    assert!(refusal.contains("2 | idle_timeout = \"soon\""), "{refusal}");
    assert!(refusal.contains("invalid value: string \"soon\", expected whole seconds"), "{refusal}");
    let refusal = read("[policy]\nidle_timeout = -5").unwrap_err().to_string();
    assert!(refusal.contains("invalid value: integer `-5`, expected whole seconds"), "{refusal}");
    let refusal = read("[polcy]").unwrap_err().to_string();
    assert!(
        refusal.contains("unknown field `polcy`, expected one of `policy`, `cookie`, `requests`"),
        "{refusal}"
    );
}

/// The variables are made of the file above, so that a setting that is added there is tried here too.
#[test]
fn the_environment_says_every_setting_that_a_file_says() {
    let file: serde_json::Value = serde_json::from_str(EVERYTHING).unwrap();
    let sections = file.as_object().unwrap().iter();
    let variables: Vec<_> = sections
        .flat_map(|(section, settings)| {
            settings.as_object().unwrap().iter().map(move |(setting, value)| {
                let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                (format!("{PREFIX}{section}_{setting}").to_uppercase(), text)
            })
        })
        .collect();
    assert_eq!(Settings::from_variables(PREFIX, variables).unwrap(), everything());
}

#[test]
fn variables_of_others_are_left_alone_and_off_is_written_none() {
    let variables = [
        ("SESSION_MANAGER", "local/desktop"),
        ("PATH", "/bin"),
        ("SHOP_SESSION_POLICY_IDLE_TIMEOUT", "none"),
        ("SHOP_SESSION_REQUESTS_STARTS_PER_MINUTE", "none"),
        ("SHOP_SESSION_COOKIE_SECURE", "false"),
    ];
    let settings = Settings::from_variables(PREFIX, variables).unwrap();
    assert_eq!((settings.policy.idle_timeout, settings.requests.starts_per_minute), (None, None));
    assert_eq!((settings.policy.assurance, settings.cookie.secure), (Assurance::Aal1, false));
    let none = Settings::from_variables(PREFIX, [("HOME", "/")]).unwrap();
    assert_eq!(none, Settings::default());
}

#[test]
fn a_variable_that_cannot_be_read_is_refused_by_its_name() {
    let rows = [
        (
            "POLICY_IDLE_TIMOUT",
            "60",
            "unknown field `idle_timout`, expected one of `assurance`, `deviation`, `idle_timeout`, \
             `absolute_timeout`, `extension_delay`, `extension_chance`, `extension_deadline`, `renewal_grace`, \
             `renewal_timeout`, `renewal_try_every`, `state_bytes_max`, `changed_agent`, `changed_network`, \
             `network_prefix_v4`, `network_prefix_v6`, `sessions_per_user`, `sessions_excess`",
        ),
        (
            "POLICY_IDLE_TIMEOUT",
            "soon",
            "invalid value: string \"soon\", expected whole seconds up to 4294967295, or a text such as \"90s\", \
             \"30m\", \"12h\" or \"14d\", or \"none\" for no limit",
        ),
        (
            "POLICY_RENEWAL_GRACE",
            "none",
            "invalid value: string \"none\", expected whole seconds up to 4294967295, or a text such as \"90s\", \
             \"30m\", \"12h\" or \"14d\"",
        ),
        ("POLICY_STATE_BYTES_MAX", "64K", "invalid value: string \"64K\", expected a whole number"),
        ("POLICY_EXTENSION_CHANCE", "256", "invalid value: integer `256`, expected u8"),
        ("COOKIE_SECURE", "yes", "invalid value: string \"yes\", expected `true` or `false`"),
        ("COOKIE_SAME_SITE", "Lax", "unknown variant `Lax`, expected one of `lax`, `strict`, `none`"),
        (
            "POLCY_IDLE_TIMEOUT",
            "60",
            "no such setting; settings begin with one of `SHOP_SESSION_POLICY_`, `SHOP_SESSION_COOKIE_`, \
             `SHOP_SESSION_REQUESTS_`",
        ),
    ];
    for (setting, text, problem) in rows {
        let name = format!("{PREFIX}{setting}");
        let beside = (format!("{PREFIX}REQUESTS_AUDIENCE"), "tenant");
        let refusal = Settings::from_variables(PREFIX, [beside, (name.clone(), text)]).unwrap_err();
        assert_eq!(refusal.to_string(), format!("environment variable `{name}`: {problem}"));
    }
    let (name, text) = ("SHOP_SESSION_COOKIE_NAME", OsStr::from_bytes(b"\xff"));
    let refusal = Settings::from_variables(PREFIX, [(name, text)]).unwrap_err();
    assert_eq!(refusal.to_string(), "environment variable `SHOP_SESSION_COOKIE_NAME`: is not UTF-8");
}

#[test]
fn an_unknown_setting_of_a_file_is_refused_by_its_name() {
    let rows = [
        (r#"{ "polcy": {} }"#, "unknown field `polcy`, expected one of `policy`, `cookie`, `requests`"),
        (
            r#"{ "cookie": { "samesite": "lax" } }"#,
            "unknown field `samesite`, expected one of `name`, `same_site`, `secure`, `domain`",
        ),
        (r#"{ "requests": { "audiance": "" } }"#, "unknown field `audiance`, expected one of `audience`"),
        (
            r#"{ "policy": { "idel_timeout": 5 } }"#,
            "unknown field `idel_timeout`, expected one of `assurance`",
        ),
    ];
    for (text, message) in rows {
        let error = serde_json::from_str::<Settings>(text).unwrap_err().to_string();
        assert!(error.starts_with(message), "{error}");
    }
}

#[test]
fn settings_that_contradict_each_other_are_refused_by_what_to_do() {
    type Row = (fn(&mut Settings), &'static str);
    let rows: [Row; 3] = [
        (
            |settings| settings.policy.extension_delay = u32::MAX,
            "setting `extension_delay` must be shorter than `idle_timeout`, or reading would not keep a session",
        ),
        (
            |settings| settings.cookie.secure = false,
            "The cookie setting `name` is \"__Host-session\", and browsers accept its prefix __Host- only on secure \
             cookies; set `secure`, or choose a name without the prefix for local development.",
        ),
        (
            |settings| settings.requests.replay_bytes_max = 64 * 1024 * 1024 + 1,
            "setting `replay_bytes_max` is 67108865, but `replay_bytes_total` leaves only 67108864 for all bodies: \
             lower the first, or raise the second",
        ),
    ];
    for (change, message) in rows {
        let mut settings = Settings::default();
        change(&mut settings);
        assert_eq!(settings.validate().unwrap_err().to_string(), message);
    }
    let mut requests = RequestSettings::default();
    requests.replay_bytes_max = requests.replay_bytes_total;
    assert_eq!(requests.validate(), Ok(()));
}

#[tokio::test]
async fn the_middleware_follows_its_settings_and_refuses_those_that_it_cannot_follow() {
    let database = Database::fresh().await;
    let ledger: Ledger = database.ledger(everything().policy).await;
    let build = |settings| Sessions::builder(ledger.clone(), key_ring()).settings(settings).build();
    let visitor = Visitor::new(&application(build(everything()).unwrap()));
    let answer = visitor.get("/login/alice").await;
    let [cookie, device] = answer.set_cookies()[..] else { panic!("{answer:?}") };
    assert!(device.starts_with("__Secure-shop-device=") && device.contains("; Max-Age=2592000"), "{device}");
    let (pair, attributes) = cookie.split_once(';').unwrap();
    assert!(pair.starts_with("__Secure-shop="), "{pair}");
    let wanted = " Domain=example.org; Path=/shop; Secure; HttpOnly; SameSite=None; Partitioned";
    assert_eq!(attributes, wanted);
    assert_eq!(visitor.get("/large/1025").await.status, 500, "more than `state_bytes_max`");

    let refused = |change: fn(&mut Settings)| {
        let mut settings = everything();
        change(&mut settings);
        build(settings).map(drop).unwrap_err()
    };
    let other = refused(|settings| settings.policy.renewal_grace = 6);
    assert_eq!(other, SettingsError::PolicyOfAnotherLedger);
    assert_eq!(
        other.to_string(),
        "setting `policy` is not that of the ledger: give it to `Ledger::builder(..).policy(settings.policy.clone())`"
    );
    assert_eq!(
        refused(|settings| settings.requests.replay_bytes_max = 2_001),
        SettingsError::BodyLargerThanAll { most: 2_001, total: 2_000 }
    );
    assert!(matches!(refused(|settings| settings.cookie.name.clear()), SettingsError::Cookie(_)));
}

/// Without the whole set, `Sessions::builder` refuses the same.
#[tokio::test]
async fn the_builder_refuses_what_settings_refuse() {
    let database = Database::fresh().await;
    let builder = Sessions::builder(database.ledger(Policy::default()).await, key_ring());
    let refusal = builder.replay_bytes_max(11).replay_bytes_total(10).build().map(drop).unwrap_err();
    assert_eq!(refusal, SettingsError::BodyLargerThanAll { most: 11, total: 10 });
}

/// The keys of the past and of today.
const KEYS: [&str; 2] = [
    "5f0c21aa ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8",
    "19d3b004 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
];

#[tokio::test]
async fn asvs_13_3_4_a_key_opens_no_session_after_its_last_moment_and_seals_none() {
    let [past, today] = KEYS;
    let database = Database::fresh().await;
    let ledger = database.ledger(Policy::default()).await;
    let build = |ring: &str| Sessions::builder(ledger.clone(), ring.parse().unwrap()).build();
    let visitor = Visitor::new(&application(build(&format!("primary {past}")).unwrap()));
    visitor.get("/login/alice").await;
    for (not_after, status) in [("2101-01-01T00:00:00Z", 200), ("2001-01-01T00:00:00Z", 401)] {
        let ring = format!("primary {today}; accept-old {past} not-after={not_after}");
        let later = Visitor::new(&application(build(&ring).unwrap()));
        later.put_cookie("__Host-session", visitor.cookie("__Host-session").unwrap());
        assert_eq!(later.get("/me").await.status, status, "{not_after}");
        assert_eq!(later.get("/login/alice").await.status, 200, "whoever it has signed in signs in again");
    }
    let over = build(&format!("primary {past} not-after=2001-01-01T00:00:00Z")).map(drop).unwrap_err();
    assert_eq!(
        over.to_string(),
        "The primary key 5f0c21aa of the key ring opens nothing after 2001-01-01T00:00:00Z, which is past, so nobody \
         could sign in; make another key primary, or set not-after anew."
    );
    let sessions =
        build(&format!("primary {past} not-after=2101-01-01T00:00:00Z; accept-only {today}")).unwrap();
    let next = format!("primary {past} not-after=2001-01-01T00:00:00Z; accept-only {today}");
    assert!(sessions.reload_keys(&next.parse().unwrap()).is_err(), "the present ring stays");
}

#[test]
fn proxies_are_a_list_or_a_text_and_an_address_alone_is_refused() {
    let read = |text: &str| serde_json::from_str::<Settings>(text).map(|read| read.requests.trusted_proxies);
    let listed = read(r#"{ "requests": { "trusted_proxies": ["10.0.0.0/8", "2001:db8:1::/48"] } }"#).unwrap();
    assert_eq!(listed, everything().requests.trusted_proxies);
    let refusal = read(r#"{ "requests": { "trusted_proxies": "10.0.0.1" } }"#).unwrap_err().to_string();
    let words = "invalid value: string \"10.0.0.1\", expected networks such as \"10.0.0.0/8\", in a list or with commas";
    assert!(refusal.starts_with(words), "{refusal}");
}
