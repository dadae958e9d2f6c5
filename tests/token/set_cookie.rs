//! The `Set-Cookie` header, character by character (OWASP ASVS 3.3.1 to 3.3.5, WSTG-SESS-02).

use std::time::Duration;

use session_ledger::internals::Token;
use session_ledger::token::{CookieSettings, KeyState, SameSite};

use super::{entry, mint, sealer};

const GONE: &str = "Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT";

#[test]
fn the_default_is_a_host_cookie_for_the_browser_session() {
    golden(&CookieSettings::default(), "__Host-session", "Path=/; Secure; HttpOnly; SameSite=Lax", "");
    assert_eq!(CookieSettings::default().validate(), Ok(()));
}

#[test]
fn a_strict_cookie_says_so() {
    let settings = CookieSettings::default().same_site(SameSite::Strict);
    golden(&settings, "__Host-session", "Path=/; Secure; HttpOnly; SameSite=Strict", "");
}

#[test]
fn a_persistent_cookie_has_its_age_in_seconds() {
    let settings = CookieSettings::default().max_age(Duration::from_secs(86_400));
    golden(&settings, "__Host-session", "Path=/; Secure; HttpOnly; SameSite=Lax", "; Max-Age=86400");
}

#[test]
fn a_cookie_for_local_development_is_not_secure() {
    let settings = named("session");
    golden(&settings.insecure(), "session", "Path=/; HttpOnly; SameSite=Lax", "");
}

#[test]
fn every_attribute_at_once() {
    let settings = CookieSettings::default()
        .name("__Secure-id")
        .same_site(SameSite::Strict)
        .max_age(Duration::from_secs(34_560_000));
    golden(&settings, "__Secure-id", "Path=/; Secure; HttpOnly; SameSite=Strict", "; Max-Age=34560000");
}

#[test]
fn names_that_browsers_accept_are_accepted() {
    for name in
        ["id", "__Host-id", "__Secure-id", "__Http-id", "__Host-Http-id", "a!#$%&'*+-.^_`|~9", "__Hostid"]
    {
        assert_eq!(named(name).validate(), Ok(()), "{name}");
    }
    assert_eq!(named(&"n".repeat(4096 - 140)).validate(), Ok(()));
}

#[test]
fn a_name_that_is_no_token_is_refused() {
    for name in
        ["", "a b", "a=b", "a;b", "a,b", "a\"b", "a\r\nSet-Cookie: x", "\u{2000}__Host-session", "ä", "a/b"]
    {
        refused(
            &named(name),
            &format!(
                "The cookie setting `name` is {name:?}, but must be one or more letters, digits and \
                 !#$%&'*+-.^_`|~ only."
            ),
        );
    }
}

/// The token characters of RFC 9110, section 5.6.2.
#[test]
fn a_name_is_made_of_token_characters_only() {
    for character in '\0'..='\u{ff}' {
        let allowed = character.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(character);
        assert_eq!(named(&character.to_string()).validate().is_ok(), allowed, "{character:?}");
    }
}

/// Browsers ignore a cookie whose name and value have more than 4096 bytes (ASVS 3.3.5).
#[test]
fn a_name_that_leaves_no_room_for_the_token_is_refused() {
    refused(
        &named(&"n".repeat(4096 - 107)),
        "The cookie setting `name` has 3989 bytes, but may have 3956 at most; choose a shorter name.",
    );
}

#[test]
fn a_prefix_is_spelled_exactly() {
    for (name, prefix) in [
        ("__host-session", "__Host-"),
        ("__HOST-session", "__Host-"),
        ("__secure-session", "__Secure-"),
        ("__http-session", "__Http-"),
        ("__Host-http-session", "__Host-Http-"),
    ] {
        refused(
            &named(name),
            &format!(
                "The cookie setting `name` is {name:?}; spell its prefix {prefix} exactly, or choose another name."
            ),
        );
    }
}

#[test]
fn a_prefix_needs_a_secure_cookie() {
    for (name, prefix) in [
        ("__Host-session", "__Host-"),
        ("__Secure-session", "__Secure-"),
        ("__Http-session", "__Http-"),
        ("__Host-Http-session", "__Host-Http-"),
    ] {
        refused(
            &named(name).insecure(),
            &format!(
                "The cookie setting `name` is {name:?}, and browsers accept its prefix {prefix} only on secure \
                 cookies; set `secure`, or choose a name without the prefix for local development."
            ),
        );
    }
}

#[test]
fn an_age_is_whole_seconds_from_1_to_400_days() {
    let aged = |age| CookieSettings::default().max_age(age);
    assert_eq!(aged(Duration::from_secs(1)).validate(), Ok(()));
    assert_eq!(aged(Duration::from_secs(34_560_000)).validate(), Ok(()));
    refused(&aged(Duration::from_millis(1_500)), "The cookie setting `max_age` must be whole seconds.");
    refused(
        &aged(Duration::ZERO),
        "The cookie setting `max_age` is zero, which removes the cookie at once; leave it unset instead.",
    );
    refused(
        &aged(Duration::from_secs(34_560_001)),
        "The cookie setting `max_age` is 34560001 seconds, but may be 34560000 (400 days) at most.",
    );
}

fn named(name: &str) -> CookieSettings {
    CookieSettings::default().name(name)
}

fn token() -> Token {
    mint(&sealer(&entry(KeyState::Primary)))
}

/// Setting and removal have the same name and attributes.
fn golden(settings: &CookieSettings, name: &str, attributes: &str, age: &str) {
    let token = token();
    assert_eq!(settings.set_cookie(&token), format!("{name}={}; {attributes}{age}", token.expose()));
    assert_eq!(settings.removal(), format!("{name}=; {attributes}; {GONE}"));
}

fn refused(settings: &CookieSettings, message: &str) {
    assert_eq!(settings.validate().unwrap_err().to_string(), message);
}
