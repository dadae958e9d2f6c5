//! The document, and that it names tests that are there.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::{asvs, cheat_sheet, cwe, nist, signals, wstg};

/// One point of a standard.
pub(crate) struct Point {
    pub(crate) id: &'static str,
    /// What it asks for, in a few words.
    pub(crate) asks: &'static str,
    pub(crate) result: Found,
}

/// What became of a point.
pub(crate) enum Found {
    /// It is met, as these tests show: `binary::function`, with the package in front if it is not the
    /// library.
    Held(&'static [&'static str]),
    /// The same, and what is left to the application.
    HeldBut(&'static str, &'static [&'static str]),
    /// It asks nothing of a session library, for this reason.
    DoesNotApply(&'static str),
    /// It is not met, or not as a whole: what is missing, and which tests show the rest.
    Open(&'static str, &'static [&'static str]),
}

/// A standard: its name, what its points are called, and how many there are.
pub(crate) struct Standard {
    pub(crate) name: &'static str,
    pub(crate) points: Vec<Point>,
}

/// `id`, what it asks, and its result, in one line of a list.
pub(crate) const fn point(id: &'static str, asks: &'static str, result: Found) -> Point {
    Point { id, asks, result }
}

fn standards() -> Vec<Standard> {
    [
        ("OWASP ASVS 5.0, V7 Session Management", asvs::points()),
        ("OWASP Session Management Cheat Sheet", cheat_sheet::points()),
        ("OWASP Web Security Testing Guide, session management", wstg::points()),
        ("NIST SP 800-63B-4, sections 5.1, 5.1.1 and 5.2", nist::points()),
        ("CWE, weaknesses of session stores", cwe::points()),
        ("OpenID Shared Signals Framework 1.0, for transmitters", signals::points()),
    ]
    .into_iter()
    .map(|(name, points)| Standard { name, points })
    .collect()
}

const HEAD: &str = "\
# What standards ask of sessions

Each point of the standards below, what became of it, and the tests that show it: `cargo test --test <binary> <function>`,
with `-p <package>` where one is named. *Held*: the tests show that the library does what is asked for. *Open*: something is
missing, and the row says what. *Does not apply*: the row says why.

Written by `UPDATE_DOCUMENTS=1 cargo test --locked --test standards`; the list is in `tests/standards`.
";

fn document() -> String {
    let mut text = HEAD.to_owned();
    for Standard { name, points } in standards() {
        let count = |is: fn(&Found) -> bool| points.iter().filter(|point| is(&point.result)).count();
        let held = count(|found| matches!(found, Found::Held(_) | Found::HeldBut(..)));
        let open = count(|found| matches!(found, Found::Open(..)));
        let apart = points.len() - held - open;
        text += &format!("\n## {name}\n\n{} points: {held} held, {open} open", points.len());
        text += &format!(", {apart} that {} not apply.\n\n", if apart == 1 { "does" } else { "do" });
        text += "| id | asks for | result | shown by |\n|---|---|---|---|\n";
        for Point { id, asks, result } in &points {
            let (result, tests) = said(result);
            text += &format!("| {id} | {asks} | {result} | {tests} |\n");
        }
    }
    text
}

fn said(found: &Found) -> (String, String) {
    let list = |tests: &[&str]| tests.iter().map(|test| format!("`{test}`")).collect::<Vec<_>>().join("<br>");
    match found {
        Found::Held(tests) => ("held".to_owned(), list(tests)),
        Found::HeldBut(rest, tests) => (format!("held; {rest}"), list(tests)),
        Found::DoesNotApply(why) => (format!("does not apply: {why}"), String::new()),
        Found::Open(missing, tests) => (format!("**open**: {missing}"), list(tests)),
    }
}

#[test]
fn the_document_says_what_the_list_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/STANDARDS.md");
    let text = document();
    if std::env::var_os("UPDATE_DOCUMENTS").is_some() {
        fs::write(&path, &text).unwrap();
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(
        text,
        found,
        "UPDATE_DOCUMENTS=1 cargo test --locked --test standards writes {}",
        path.display()
    );
}

#[test]
fn each_test_that_the_list_names_is_a_test() {
    let mut missing = Vec::new();
    for point in standards().iter().flat_map(|standard| &standard.points) {
        let tests = match &point.result {
            Found::Held(tests) | Found::HeldBut(_, tests) => {
                assert!(!tests.is_empty(), "{} is held, as no test shows", point.id);
                *tests
            }
            Found::Open(_, tests) => *tests,
            Found::DoesNotApply(_) => &[],
        };
        missing
            .extend(tests.iter().filter(|test| !is_test(test)).map(|test| format!("{}: {test}", point.id)));
    }
    assert_eq!(missing, [""; 0], "rename these in the list as they were renamed in the tests");
}

#[test]
fn the_list_has_each_point_of_each_standard_once() {
    let counts: Vec<_> = standards().iter().map(|standard| standard.points.len()).collect();
    assert_eq!(counts, [19, 28, 11, 10, cwe::IDS.len(), 18]);
    let weaknesses: Vec<_> = cwe::points().iter().map(|point| point.id).collect();
    assert_eq!(weaknesses, cwe::IDS.map(|id| format!("CWE-{id}")));
    let numbered = |points: Vec<Point>, name: fn(usize) -> String| {
        let ids: Vec<_> = points.iter().map(|point| point.id.to_owned()).collect();
        assert_eq!(ids, (1..=points.len()).map(name).collect::<Vec<_>>());
    };
    numbered(cheat_sheet::points(), |nth| format!("SM{nth}"));
    numbered(wstg::points(), |nth| format!("WSTG-SESS-{nth:02}"));
    numbered(nist::points(), |nth| format!("N{nth}"));
    let asvs: BTreeSet<_> = asvs::points().iter().map(|point| point.id).collect();
    assert_eq!(asvs.len(), 19);
}

/// Whether `package::binary::function`, or `binary::function` of the library, is a test.
fn is_test(name: &str) -> bool {
    let parts: Vec<_> = name.split("::").collect();
    let (folder, binary, function) = match parts[..] {
        [binary, function] => ("tests", binary, function),
        ["projector", binary, function] => ("projector/tests", binary, function),
        ["shop", binary, function] => ("examples/shop/tests", binary, function),
        _ => return false,
    };
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    sources(&root, binary).iter().any(|file| {
        let text = fs::read_to_string(file).unwrap();
        let lines: Vec<_> = text.lines().map(str::trim_start).collect();
        (0..lines.len()).any(|at| {
            let starts = ["fn ", "async fn "].iter().any(|fn_| {
                let name = lines[at].strip_prefix(fn_).and_then(|rest| rest.strip_prefix(function));
                name.is_some_and(|rest| rest.starts_with('('))
            });
            starts && lines[at.saturating_sub(4)..at].iter().any(|line| is_attribute(line))
        })
    })
}

fn is_attribute(line: &str) -> bool {
    line.starts_with("#[test]") || line.starts_with("#[tokio::test")
}

/// The files of a test binary.
fn sources(root: &Path, binary: &str) -> Vec<PathBuf> {
    let folder = root.join(binary);
    if !folder.is_dir() {
        return [root.join(format!("{binary}.rs"))].into_iter().filter(|file| file.is_file()).collect();
    }
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files.filter(|path| path.extension().is_some_and(|ending| ending == "rs")).collect()
}

#[test]
fn a_name_that_is_no_test_is_noticed() {
    assert!(is_test("login::a_logout_is_final_for_every_copy_of_the_token"));
    for name in ["login::a_logout_is_final", "login::scene", "nothing::at_all", "login", "token::x::y::z"] {
        assert!(!is_test(name), "{name}");
    }
}
