//! A browser's short name, from its `User-Agent` header.

/// Marks of browsers in the header, and their names. The order matters: most browsers also name the ones that
/// they resemble.
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

/// Marks of devices and operating systems in the header, and their names.
const SYSTEMS: [(&str, &str); 7] = [
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
];

/// The most characters that are shown of a program that is no known browser.
const PROGRAM_CHARS_MAX: usize = 24;

/// The short name of the browser that sends this `User-Agent` header: `Firefox on Linux`, `Safari on iPhone`.
/// A program that is no browser is called what it calls itself.
///
/// It is the browser's own word: good to tell devices apart, not to trust it. What a program calls itself may
/// hold any character, so escape it as you escape the header itself.
///
/// ```
/// use session_ledger::session::browser_name;
///
/// let header = "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0";
/// assert_eq!(browser_name(header), "Firefox on Linux");
/// assert_eq!(browser_name("curl/8.5.0"), "curl/8.5.0");
/// assert_eq!(browser_name(""), "Unknown browser");
/// ```
pub fn browser_name(user_agent: &str) -> String {
    let said = |marks: &[(&str, &'static str)]| {
        marks.iter().find(|(mark, _)| user_agent.contains(mark)).map(|(_, name)| *name)
    };
    let browser = said(&BROWSERS).map(str::to_owned).or_else(|| program(user_agent));
    let is_browser = user_agent.starts_with("Mozilla/");
    match (browser, said(&SYSTEMS).filter(|_| is_browser)) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(browser), None) => browser,
        (None, Some(system)) => format!("Unknown browser on {system}"),
        (None, None) => "Unknown browser".to_owned(),
    }
}

/// What a program calls itself. What is only like a browser names itself behind a word for that.
fn program(user_agent: &str) -> Option<String> {
    let name = match user_agent.split_once("compatible; ") {
        Some((_, rest)) => rest.split([';', ')']).next(),
        None => user_agent.split_whitespace().next().filter(|first| !first.starts_with("Mozilla/")),
    };
    let name: String = name?.trim().chars().take(PROGRAM_CHARS_MAX).collect();
    (!name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::browser_name;

    #[test]
    fn a_browser_is_not_taken_for_those_it_is_like() {
        for (header, name) in [
            (
                "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36",
                "Chrome on Linux",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 \
                 Safari/537.36 Edg/141.0.0.0",
                "Edge on Windows",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) \
                 Version/18.6 Mobile/15E148 Safari/604.1",
                "Safari on iPhone",
            ),
            (
                "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile \
                 Safari/537.36",
                "Chrome on Android",
            ),
            ("Mozilla/5.0 (Android 15; Mobile; rv:143.0) Gecko/143.0 Firefox/143.0", "Firefox on Android"),
            ("Mozilla/5.0 (X11; Linux x86_64) Servo/1.0", "Unknown browser on Linux"),
        ] {
            assert_eq!(browser_name(header), name);
        }
    }

    #[test]
    fn another_program_is_called_what_it_calls_itself() {
        for (header, name) in [
            ("curl/8.5.0", "curl/8.5.0"),
            ("  Wget/1.21 (linux-gnu)", "Wget/1.21"),
            ("apt/2.6 (Linux)", "apt/2.6"),
            ("Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)", "bingbot/2.0"),
            ("a-very-long-name-of-a-program/1.0 (with remarks)", "a-very-long-name-of-a-pr"),
        ] {
            assert_eq!(browser_name(header), name);
        }
        for header in ["", "  ", "Mozilla/5.0", "Mozilla/5.0 (compatible; )"] {
            assert_eq!(browser_name(header), "Unknown browser", "{header:?}");
        }
    }
}
