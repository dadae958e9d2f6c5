//! The `Set-Cookie` header, character by character (OWASP ASVS 3.3.1 to 3.3.5, WSTG-SESS-02).

use session_ledger::internals::Token;
use session_ledger::token::{CookieSettings, KeyState, SameSite};

use super::{entry, mint, sealer};

const GONE: &str = "Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT";

#[test]
fn the_default_is_a_host_cookie_for_the_browser_session() {
    golden(&CookieSettings::default(), "__Host-session", "Path=/; Secure; HttpOnly; SameSite=Lax");
    assert_eq!(CookieSettings::default().validate(), Ok(()));
}

#[test]
fn a_strict_cookie_says_so() {
    let settings = CookieSettings::default().same_site(SameSite::Strict);
    golden(&settings, "__Host-session", "Path=/; Secure; HttpOnly; SameSite=Strict");
}

#[test]
fn a_persistent_cookie_has_its_age_in_seconds() {
    let attributes = "Path=/; Secure; HttpOnly; SameSite=Lax";
    for seconds in [1, 86_400, 34_560_000] {
        golden_for(&CookieSettings::default(), "__Host-session", attributes, Some(seconds));
    }
}

#[test]
fn a_cookie_for_local_development_is_not_secure() {
    let settings = named("session");
    golden(&settings.insecure(), "session", "Path=/; HttpOnly; SameSite=Lax");
}

#[test]
fn every_attribute_at_once() {
    let settings = CookieSettings::default().name("__Secure-id").same_site(SameSite::Strict);
    golden_for(&settings, "__Secure-id", "Path=/; Secure; HttpOnly; SameSite=Strict", Some(34_560_000));
}

/// What a shared or an embedded application needs; the removal repeats all of it.
#[test]
fn a_cookie_for_several_hosts_or_for_frames_says_so() {
    let shared = named("__Secure-id").domain("example.org");
    golden(&shared, "__Secure-id", "Domain=example.org; Path=/; Secure; HttpOnly; SameSite=Lax");
    let part = named("__Secure-id").path("/shop");
    golden(&part, "__Secure-id", "Path=/shop; Secure; HttpOnly; SameSite=Lax");
    let framed = named("__Host-id").same_site(SameSite::None);
    golden(&framed, "__Host-id", "Path=/; Secure; HttpOnly; SameSite=None");
    let all = shared.path("/a").same_site(SameSite::None).partitioned();
    let attributes = "Domain=example.org; Path=/a; Secure; HttpOnly; SameSite=None; Partitioned";
    golden_for(&all, "__Secure-id", attributes, Some(5));
    for settings in [&part, &framed, &all, &framed.clone().partitioned()] {
        assert_eq!(settings.validate(), Ok(()));
    }
}

#[test]
fn a_host_cookie_has_neither_domain_nor_path() {
    for name in ["__Host-id", "__Host-Http-id"] {
        for (settings, setting) in
            [(named(name).domain("example.org"), "domain"), (named(name).path("/a"), "path")]
        {
            refused(
                &settings,
                &format!(
                    "The cookie setting `name` is \"{name}\", and browsers accept its prefix __Host- only without \
                     `domain` and with the path \"/\"; leave `{setting}` as it is by default, or choose a name with \
                     the prefix __Secure-."
                ),
            );
        }
    }
}

#[test]
fn a_cookie_for_other_sites_is_secure() {
    let plain = || named("id").insecure();
    let rows = [(plain().same_site(SameSite::None), "same_site"), (plain().partitioned(), "partitioned")];
    for (settings, setting) in rows {
        refused(
            &settings,
            &format!(
                "The cookie setting `{setting}` needs a secure cookie; set `secure`, or leave `{setting}` as it is by \
                 default."
            ),
        );
    }
}

#[test]
fn a_domain_is_a_name_with_a_dot_and_no_address() {
    let of = |domain: &str| named("id").domain(domain);
    let long = format!("{}.org", "a".repeat(63));
    for domain in ["example.org", "a.b.c", "xn--bcher-kva.example", "9.example", &long] {
        assert_eq!(of(domain).validate(), Ok(()), "{domain}");
    }
    let (label, whole) = (format!("{}.org", "a".repeat(64)), "a.".repeat(126) + "aa");
    for domain in [
        "",
        ".",
        "localhost",
        ".example.org",
        "example.org.",
        "a..b",
        "-a.b",
        "a-.b",
        "a_b.c",
        "bücher.example",
        "example.org:443",
        "https://example.org",
        "a.b; Secure",
        "a.b\r\nX: y",
        "10.0.0.1",
        "[::1]",
        &label,
        &whole,
    ] {
        refused(
            &of(domain),
            &format!(
                "The cookie setting `domain` is {domain:?}, but must be a domain name such as \"example.org\", without \
                 a dot before it, a port or a scheme."
            ),
        );
    }
}

#[test]
fn a_path_begins_with_a_slash_and_stays_in_its_attribute() {
    let of = |path: &str| named("id").path(path);
    let most = format!("/{}", "a".repeat(1023));
    for path in ["/", "/shop", "/a b/", "/~a=b", &most] {
        assert_eq!(of(path).validate(), Ok(()), "{path}");
    }
    for path in
        ["", "shop", " /", "/ ", "/a; Domain=x", "/a\r\nX: y", "/\u{e4}", "/\u{7f}", &format!("{most}a")]
    {
        refused(
            &of(path),
            &format!(
                "The cookie setting `path` is {path:?}, but must begin with a slash, and be at most 1024 printable \
                 ASCII characters without a semicolon and without a blank at the end."
            ),
        );
    }
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

fn named(name: &str) -> CookieSettings {
    CookieSettings::default().name(name)
}

fn token() -> Token {
    mint(&sealer(&entry(KeyState::Primary)))
}

/// The same for a cookie that is kept until the browser closes.
fn golden(settings: &CookieSettings, name: &str, attributes: &str) {
    golden_for(settings, name, attributes, None);
}

/// Setting and removal have the same name and attributes.
fn golden_for(settings: &CookieSettings, name: &str, attributes: &str, max_age: Option<u32>) {
    let token = token();
    let age = max_age.map(|seconds| format!("; Max-Age={seconds}")).unwrap_or_default();
    assert_eq!(settings.set_cookie(&token, max_age), format!("{name}={}; {attributes}{age}", token.expose()));
    assert_eq!(settings.removal(), format!("{name}=; {attributes}; {GONE}"));
}

fn refused(settings: &CookieSettings, message: &str) {
    assert_eq!(settings.validate().unwrap_err().to_string(), message);
}
