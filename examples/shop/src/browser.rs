//! A short name for a browser. It is the browser's own word, good enough to tell one's devices apart.

/// Marks in the `User-Agent` header, and the browsers that they mean. Browsers name others too, so the order
/// matters.
const BROWSERS: [(&str, &str); 8] = [
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("CriOS/", "Chrome"),
    ("Safari/", "Safari"),
];

const SYSTEMS: [(&str, &str); 7] = [
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
];

/// "Firefox on Linux", or as much of it as is known. A program that is no browser is called by its own name.
pub(crate) fn name(user_agent: Option<&str>) -> String {
    let Some(header) = user_agent.map(str::trim).filter(|header| !header.is_empty()) else {
        return "Unknown browser".to_owned();
    };
    let found = |names: &[(&str, &'static str)]| {
        names.iter().find(|(sign, _)| header.contains(sign)).map(|(_, name)| *name)
    };
    match (found(&BROWSERS), found(&SYSTEMS)) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(browser), None) => browser.to_owned(),
        (None, Some(system)) => format!("A browser on {system}"),
        (None, None) => header.split(['/', ' ']).next().unwrap_or(header).chars().take(40).collect(),
    }
}

#[test]
fn a_browser_that_claims_to_be_others_is_called_by_its_own_name() {
    for (header, expected) in [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 \
             Safari/537.36 Edg/140.0.0.0",
            "Edge on Windows",
        ),
        (
            "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile \
             Safari/537.36",
            "Chrome on Android",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) \
             Version/18.5 Mobile/15E148 Safari/604.1",
            "Safari on iPhone",
        ),
        ("curl/8.7.1", "curl"),
        ("", "Unknown browser"),
    ] {
        assert_eq!(name(Some(header)), expected);
    }
    assert_eq!(name(None), "Unknown browser");
}
