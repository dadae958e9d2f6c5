//! The releases that were compared.

use crate::contestant::Contestant;
use crate::peer::Language;

/// A line for each peer: its packages' versions, by cargo's lock file or pip's requirements.
pub(crate) fn lines(contestants: &[Contestant], lock: &str, requirements: &str) -> Vec<String> {
    let line = |contestant: &Contestant| {
        let peer = contestant.peer;
        let releases = peer.made_of.iter().map(|package| {
            let found = match peer.language {
                Language::Rust => locked(lock, package),
                Language::Python => pinned(requirements, package),
            };
            format!("{package} {}", found.unwrap_or("of unknown version"))
        });
        let releases: Vec<_> = releases.collect();
        let (driven, stored) = (contestant.browsers.count(), contestant.stored);
        let browsers = if driven == stored {
            format!("{stored} sessions")
        } else {
            format!("{stored} sessions, of which {driven} are driven and the rest are copied in SQL")
        };
        format!("- **{}**: {}; sessions in {}; {browsers}", peer.name, releases.join(", "), peer.store)
    };
    contestants.iter().map(line).collect()
}

/// The version of a package in a Cargo.lock; the first if there are several.
fn locked<'a>(lock: &'a str, package: &str) -> Option<&'a str> {
    let name = format!("name = \"{package}\"");
    let mut lines = lock.lines().skip_while(|line| *line != name);
    lines.nth(1)?.strip_prefix("version = \"")?.strip_suffix('"')
}

/// The version of a package in a requirements.txt.
fn pinned<'a>(requirements: &'a str, package: &str) -> Option<&'a str> {
    let mut lines = requirements.lines().filter_map(|line| line.split_once("=="));
    lines.find(|(name, _)| *name == package).map(|(_, version)| version.trim())
}

#[test]
fn versions_are_read_from_what_pins_them() {
    let lock = "[[package]]\nname = \"axum\"\nversion = \"0.8.9\"\nsource = \"x\"\n\n[[package]]\nname = \"axum-core\"\nversion = \"0.5.2\"\n";
    assert_eq!(locked(lock, "axum"), Some("0.8.9"));
    assert_eq!(locked(lock, "axum-core"), Some("0.5.2"));
    assert_eq!(locked(lock, "actix"), None);
    assert_eq!(pinned("# x\npyramid-retry==2.1.1\npyramid==1.10.8\n", "pyramid"), Some("1.10.8"));
}
