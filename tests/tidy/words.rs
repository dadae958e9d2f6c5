//! Names, markers and paths that have no place in the repository.
//!
//! Words that would be found here are put together at run time.

use crate::paths::tokens;
use crate::refuse;
use crate::tree::{files, rust_files};

/// Names under which anything can be put, so that nothing can be found.
const DRAWERS: &[&str] =
    &["util", "utils", "common", "types", "helper", "helpers", "manager", "managers", "misc"];

/// Where tests listen to the log.
const CAPTURED: &str = "tests/support/src/captured.rs";

#[test]
fn nothing_is_named_after_a_drawer() {
    let advice = "a name for anything; name it after the noun it holds";
    let mut offences: Vec<_> =
        files().iter().filter(|file| in_drawer(&file.path)).map(|file| file.at(1, advice)).collect();
    for (file, rust) in rust_files() {
        let drawers = drawer_modules(&rust.masked.code);
        offences.extend(
            drawers.into_iter().map(|(line, name)| file.at(line, &format!("`mod {name}`: {advice}"))),
        );
    }
    refuse(&offences);
}

#[test]
fn no_work_is_left_behind_a_marker() {
    let markers = markers();
    let found = |line: &str| markers.iter().any(|marker| has_word(line, marker));
    refuse(&lines_that(found, "do it now, or write down in the documentation what is not done and why"));
}

#[test]
fn no_path_of_one_machine_is_in_the_tree() {
    refuse(&lines_that(
        has_machine_path,
        "a path of one machine; make it relative, or take it from the environment",
    ));
}

#[test]
fn no_test_is_skipped_or_expects_just_any_panic() {
    let mut offences = Vec::new();
    for (file, rust) in rust_files() {
        for (line, word) in skipped(&rust.masked.code) {
            offences
                .push(file.at(line, &format!("`{word}`: run every test; assert the error and its message")));
        }
    }
    let fences = ["ignore", "should_panic"].map(|word| format!("{}{word}", "`".repeat(3)));
    let fenced = |line: &str| fences.iter().any(|fence| line.contains(fence));
    offences.extend(lines_that(fenced, "an example that isn't run; make it compile, `no_run` at the least"));
    refuse(&offences);
}

#[test]
fn tests_listen_to_the_log_in_one_way() {
    let advice = "listen by `CapturedLog`: beside the tests of other threads a subscriber may hear nothing";
    let mut offences = Vec::new();
    for (file, rust) in rust_files().filter(|(file, _)| file.path != CAPTURED) {
        let calls = tokens(&rust.masked.code).into_iter().filter(|token| token.text == "set_default");
        offences.extend(calls.map(|token| file.at(token.line, advice)));
    }
    refuse(&offences);
}

/// Every line of the tree that has something, as offences.
fn lines_that(found: impl Fn(&str) -> bool, advice: &str) -> Vec<String> {
    let lines = files().iter().flat_map(|file| file.text.lines().enumerate().map(move |line| (file, line)));
    lines.filter(|(_, (_, text))| found(text)).map(|(file, (row, _))| file.at(row + 1, advice)).collect()
}

fn in_drawer(path: &str) -> bool {
    path.split('/').any(|part| DRAWERS.contains(&part.split('.').next().unwrap_or(part)))
}

fn drawer_modules(code: &str) -> Vec<(usize, String)> {
    let tokens = tokens(code);
    let modules = tokens.windows(2).filter(|pair| pair[0].text == "mod" && DRAWERS.contains(&pair[1].text));
    modules.map(|pair| (pair[1].line, pair[1].text.to_owned())).collect()
}

/// Attributes that keep a test from running, or from saying what went wrong.
fn skipped(code: &str) -> Vec<(usize, String)> {
    let tokens = tokens(code);
    let skips = |at: &usize| match tokens[*at].text {
        "should_panic" => true,
        "ignore" => *at > 0 && matches!(tokens[*at - 1].text, "[" | ","),
        _ => false,
    };
    let in_attribute = |at: &usize| tokens[..*at].iter().rev().take(12).any(|token| token.text == "#");
    let found = (0..tokens.len()).filter(skips).filter(in_attribute);
    found.map(|at| (tokens[at].line, tokens[at].text.to_owned())).collect()
}

fn markers() -> [String; 4] {
    [["TO", "DO"], ["FIX", "ME"], ["X", "XX"], ["HA", "CK"]].map(|halves| halves.concat())
}

/// Whether a word stands in a line by itself, not inside a longer one.
fn has_word(line: &str, word: &str) -> bool {
    let is_inside = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    line.match_indices(word).any(|(at, _)| {
        !is_inside(line[..at].chars().next_back()) && !is_inside(line[at + word.len()..].chars().next())
    })
}

/// Whether a line has an absolute path below a folder that only some machines have. Homebrew's place on Linux
/// is the same on all.
fn has_machine_path(line: &str) -> bool {
    let homes = ["work", "root", "home", "Users"].map(|folder| format!("/{folder}/"));
    let is_inside = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || "._-/}$~*>".contains(c));
    homes.iter().any(|home| {
        line.match_indices(home.as_str()).any(|(at, _)| {
            let rest = &line[at + home.len()..];
            let goes_on = rest.starts_with(|c: char| c.is_alphanumeric() || c == '.' || c == '_');
            goes_on && !rest.starts_with("linuxbrew/") && !is_inside(line[..at].chars().next_back())
        })
    })
}

#[test]
fn a_drawer_is_told_from_a_noun() {
    assert!(in_drawer("src/common/mod.rs") && in_drawer("tests/helpers.rs"));
    assert!(!in_drawer("src/session/manager_role.rs") && !in_drawer("docs/prototypes.md"));
    assert_eq!(drawer_modules("mod state;\npub(crate) mod util {}"), [(2, "util".to_owned())]);
}

#[test]
fn a_marker_is_told_from_a_longer_word() {
    let [first, _, third, _] = markers();
    assert!(has_word(&format!("// {first}: later"), &first) && has_word(&format!("({third})"), &third));
    assert!(!has_word(&format!("mktemp name.{third}{third}"), &third) && !has_word("the to-do list", &first));
}

#[test]
fn a_machine_path_is_told_from_a_route_and_a_relative_path() {
    let path = |folder: &str| format!("open('/{folder}/x/y')");
    assert!(
        has_machine_path(&path("root")) && has_machine_path(&path("work")) && has_machine_path(&path("home"))
    );
    for fine in [
        "examples/work/a.rs",
        "https://example.com/home/a",
        "get /work",
        "\"/home/\"",
        "$BASE/root/a",
        "/home/linuxbrew/.linuxbrew/bin",
    ] {
        assert!(!has_machine_path(fine), "{fine} was taken for a path of one machine");
    }
}

#[test]
fn a_skipped_test_is_told_from_a_word() {
    let skipped_lines = |code: &str| skipped(code).into_iter().map(|(line, _)| line).collect::<Vec<_>>();
    assert_eq!(skipped_lines("#[ignore]\n#[ignore = \"\"]\n#[should_panic(expected = \"\")]\n"), [1, 2, 3]);
    assert_eq!(skipped_lines("#[cfg_attr(miri, ignore)]"), [1]);
    assert_eq!(skipped_lines("fn f(ignore: u8) { [ignore, should] }"), []);
}
