//! Settings from a file or the environment, and which are refused.

use session_ledger::session::Policy;
use session_ledger::token::{KeyRing, KeyState};
use session_ledger::web::Settings;

fn read(json: &str) -> Result<Settings, String> {
    let settings: Settings = serde_json::from_str(json).map_err(|error| error.to_string())?;
    settings.validate().map(|()| settings).map_err(|error| error.to_string())
}

/// Settings of an ini file, in place of which the application chooses its own format.
#[test]
fn settings_are_read_from_a_file_or_from_variables_alike() {
    let file = read(
        r#"{ "policy": { "idle_timeout": "20m", "absolute_timeout": "12h", "extension_delay": 30 },
             "cookie": { "name": "__Host-shop", "same_site": "strict", "partitioned": true } }"#,
    );
    let variables = [
        ("SHOP_POLICY_IDLE_TIMEOUT", "20m"),
        ("SHOP_POLICY_ABSOLUTE_TIMEOUT", "12h"),
        ("SHOP_POLICY_EXTENSION_DELAY", "30"),
        ("SHOP_COOKIE_NAME", "__Host-shop"),
        ("SHOP_COOKIE_SAME_SITE", "strict"),
        ("SHOP_COOKIE_PARTITIONED", "true"),
    ];
    assert_eq!(file.unwrap(), Settings::from_variables("SHOP_", variables).unwrap());
}

/// There, an unknown setting was accepted, a wrong flag read as no, and a range checked by `assert`.
#[test]
fn a_setting_that_is_unknown_of_another_type_or_out_of_range_is_refused_by_its_name() {
    for (json, named) in [
        (r#"{ "policy": { "idel_timeout": 60 } }"#, "idel_timeout"),
        (r#"{ "cookie": { "samesite": "lax" } }"#, "samesite"),
        (r#"{ "cookie": { "secure": "maybe" } }"#, "maybe"),
        (r#"{ "policy": { "idle_timeout": -5 } }"#, "-5"),
        (r#"{ "policy": { "idle_timeout": 0 } }"#, "idle_timeout"),
        (r#"{ "policy": { "extension_chance": 101 } }"#, "extension_chance"),
    ] {
        let error = read(json).unwrap_err();
        assert!(error.contains(named), "{json}: {error}");
    }
}

/// The checks of settings against each other.
#[test]
fn settings_that_contradict_each_other_are_refused() {
    let chance = |policy: Policy| policy.extension_chance(50);
    for (policy, named) in [
        (Policy::default().idle_timeout(600).absolute_timeout(600), "absolute_timeout"),
        (Policy::default().idle_timeout(60).extension_delay(60), "extension_delay"),
        (chance(Policy::default()).extension_delay(60).extension_deadline(60), "extension_deadline"),
        (chance(Policy::default()).idle_timeout(300).extension_deadline(300), "extension_deadline"),
    ] {
        assert_eq!(policy.validate().unwrap_err().setting, named);
    }
}

/// `generate_secret_key`. There, keys of 16 bytes were taken, and none had a name.
#[test]
fn a_key_is_generated_with_a_name_and_of_full_length_only() {
    let entry = KeyRing::generate_entry(KeyState::Primary, &mut rand::rngs::SysRng).unwrap();
    assert!(KeyRing::parse(&entry).is_ok());
    let short = "primary 0a0b0c0d AQIDBAUGBwgJCgsMDQ4PEA";
    assert!(KeyRing::parse(short).unwrap_err().to_string().contains("16"));
}
