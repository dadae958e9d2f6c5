//! A browser's name, short, from what it says of itself.

use std::net::IpAddr;

/// What in a `User-Agent` header tells a browser, the more telling first: most of them also name those they
/// are like.
const BROWSERS: [(&str, &str); 12] = [
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Vivaldi/", "Vivaldi"),
    ("FxiOS/", "Firefox"),
    ("Firefox/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("HeadlessChrome/", "headless Chrome"),
    ("Chromium/", "Chromium"),
    ("Chrome/", "Chrome"),
    ("Version/", "Safari"),
    ("Safari/", "Safari"),
];

/// The same of its system.
const SYSTEMS: [(&str, &str); 7] = [
    ("Android", "Android"),
    ("iPhone", "iOS"),
    ("iPad", "iOS"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
];

/// How many characters of a program that is no known browser are shown.
const PROGRAM_CHARS_MAX: usize = 24;

/// Where a request came from: address and browser, as far as they are known.
pub(crate) fn from(ip: Option<IpAddr>, user_agent: Option<&str>) -> String {
    match (ip, user_agent.map(short)) {
        (Some(ip), Some(browser)) => format!("{ip} {browser}"),
        (Some(ip), None) => ip.to_string(),
        (None, browser) => browser.unwrap_or_default(),
    }
}

/// Such as `Firefox on Linux` or `curl/8.5.0`. It is the browser's own word: to recognise it, not to trust
/// it.
pub(crate) fn short(user_agent: &str) -> String {
    let said = |marks: &[(&str, &'static str)]| {
        marks.iter().find(|(mark, _)| user_agent.contains(mark)).map(|(_, name)| *name)
    };
    match (said(&BROWSERS), said(&SYSTEMS)) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(browser), None) => browser.to_owned(),
        _ => user_agent.split_whitespace().next().unwrap_or("").chars().take(PROGRAM_CHARS_MAX).collect(),
    }
}

#[test]
fn a_browser_is_not_taken_for_those_it_is_like() {
    let chrome = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36";
    assert_eq!(short(chrome), "Chrome on Linux");
    let edge = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36 Edg/141.0.0.0";
    assert_eq!(short(edge), "Edge on Windows");
    let safari = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1";
    assert_eq!(short(safari), "Safari on iOS");
    let firefox = "Mozilla/5.0 (Android 15; Mobile; rv:143.0) Gecko/143.0 Firefox/143.0";
    assert_eq!(short(firefox), "Firefox on Android");
}

#[test]
fn another_program_is_called_what_it_calls_itself() {
    assert_eq!(short("curl/8.5.0"), "curl/8.5.0");
    assert_eq!(short("a-very-long-name-of-a-program/1.0 (with remarks)"), "a-very-long-name-of-a-pr");
    assert_eq!(short(""), "");
}
