//! The floors of the house: lower ones never import upper ones, and each outside world is known to one floor
//! only.

use crate::paths::{Named, is_within};
use crate::tree::{File, Rust, file, rust_files};
use crate::{refuse, tree};

/// What the files of some floors may not name.
struct Rule {
    floors: &'static [&'static str],
    refused: &'static [&'static str],
    instead: &'static str,
}

const PURE: &[&str] = &["session", "token"];

const RULES: &[Rule] = &[
    Rule {
        floors: PURE,
        refused: &["crate::store", "crate::web", "crate::ledger"],
        instead: "this floor is below; move what both need down, or do the work upstairs",
    },
    Rule {
        floors: PURE,
        refused: &["poem", "tokio_postgres", "deadpool_postgres", "deadpool", "postgres_types", "refinery"],
        instead: "this floor is pure; HTTP belongs to src/web, PostgreSQL to src/store",
    },
    Rule {
        floors: PURE,
        refused: &[
            "tokio",
            "std::fs",
            "std::process",
            "std::net::TcpStream",
            "std::net::TcpListener",
            "std::net::UdpSocket",
        ],
        instead: "this floor does no input or output; take the bytes as an argument",
    },
    Rule {
        floors: &["session"],
        refused: &["crate::token"],
        instead: "a session knows nothing of what the browser holds; let src/token use src/session",
    },
    Rule {
        floors: &["store", "ledger"],
        refused: &["crate::web", "poem"],
        instead: "only src/web knows HTTP; return a value or an error that src/web can answer with",
    },
    Rule {
        floors: &["store"],
        refused: &["crate::ledger"],
        instead: "the front desk is above the store; take what is needed as an argument",
    },
];

/// Ways of asking what time it is.
const CLOCKS: &[&str] = &["now", "now_utc", "now_local", "now_v1", "now_v6", "now_v7"];

/// The one file of the web floor that hands PostgreSQL to the application.
const TRANSACTION: &str = "src/web/tx.rs";

#[test]
fn lower_floors_never_import_upper_ones() {
    let offences: Vec<_> = RULES.iter().flat_map(|rule| refused(rule, rust_files())).collect();
    refuse(&offences);
}

#[test]
fn the_pure_floors_read_no_clock() {
    let floors = rust_files().filter(|(file, _)| is_on(&file.path, PURE));
    let instead = "reads a clock; take the time as an argument, the load returns the database's";
    let offences: Vec<_> = floors
        .flat_map(|(file, rust)| {
            rust.names.iter().filter(|name| reads_clock(name)).map(|n| offence(file, n, instead))
        })
        .collect();
    refuse(&offences);
}

#[test]
fn only_the_store_and_the_front_desk_name_postgres() {
    let instead =
        format!("ask src/store; besides it only src/ledger.rs (its builder) and {TRANSACTION} may name this");
    let elsewhere = rust_files()
        .filter(|(file, _)| file.is_under(&["src"]) && file.path != TRANSACTION)
        .filter(|(file, _)| !is_on(&file.path, &["store", "ledger"]));
    let offences: Vec<_> = elsewhere
        .flat_map(|(file, rust)| {
            rust.names.iter().filter(|name| is_driver(name)).map(|n| offence(file, n, &instead))
        })
        .collect();
    refuse(&offences);
}

#[test]
fn the_projector_uses_the_public_interface_only() {
    let inside = ["session_ledger::store", "session_ledger::web"];
    let instead =
        "use what `session_ledger` exports at its root or as a public noun; if it is missing, export it";
    let offences: Vec<_> = rust_files()
        .filter(|(file, _)| file.is_under(&["projector"]))
        .flat_map(|(file, rust)| {
            let reaches = |name: &&Named| inside.iter().any(|inside| is_within(&name.path, inside));
            rust.names.iter().filter(reaches).map(|name| offence(file, name, instead))
        })
        .collect();
    refuse(&offences);
}

/// Where the files of one rule break it.
fn refused<'a>(rule: &'a Rule, files: impl Iterator<Item = (&'a File, &'a Rust)>) -> Vec<String> {
    let exports = exports();
    let floors = files.filter(|(file, _)| is_on(&file.path, rule.floors));
    let breaks = |path: &str| rule.refused.iter().any(|refused| is_within(path, refused));
    floors
        .flat_map(|(file, rust)| {
            let named = rust.names.iter().filter(|name| breaks(&from_root(&file.path, &name.path, &exports)));
            named.map(|name| offence(file, name, rule.instead))
        })
        .collect()
}

fn offence(file: &File, name: &Named, instead: &str) -> String {
    file.at(name.line, &format!("`{}`: {instead}", name.path))
}

fn reads_clock(name: &Named) -> bool {
    name.path.rsplit_once("::").is_some_and(|(_, last)| CLOCKS.contains(&last))
}

fn is_driver(name: &Named) -> bool {
    ["tokio_postgres", "deadpool_postgres", "deadpool"].iter().any(|driver| is_within(&name.path, driver))
}

/// Whether a file belongs to one of the floors: `src/store.rs`, `src/store/…` and `src/store_….rs` to
/// `store`.
fn is_on(path: &str, floors: &[&str]) -> bool {
    let below = path.strip_prefix("src/").unwrap_or("");
    floors.iter().any(|floor| below.strip_prefix(floor).is_some_and(|rest| rest.starts_with(['.', '/', '_'])))
}

/// A path as seen from the crate's root: `super` climbs, and a name that the root exports is named by its
/// home.
fn from_root(file: &str, path: &str, exports: &[(String, String)]) -> String {
    let mut rest = path;
    let mut climbed = 0;
    while let Some(above) = rest.strip_prefix("super::") {
        rest = above;
        climbed += 1;
    }
    let absolute =
        if climbed > 0 && climbed >= depth(file) { Some(rest) } else { path.strip_prefix("crate::") };
    let Some(absolute) = absolute else { return path.to_owned() };
    let first = absolute.split("::").next().unwrap_or("");
    let home = exports.iter().find(|(name, _)| name == first).map_or(absolute, |(_, home)| home);
    format!("crate::{home}")
}

/// How many modules deep a file of `src` lies: `src/store.rs` and `src/store/mod.rs` one.
fn depth(file: &str) -> usize {
    let module = file.trim_end_matches(".rs").trim_end_matches("/mod");
    module.split('/').count().saturating_sub(1)
}

/// What the root exports and where that lives: `Ledger` in `ledger::Ledger`.
fn exports() -> Vec<(String, String)> {
    let names = file("src/lib.rs").and_then(|file| file.rust.as_ref()).map_or(&[][..], |rust| &rust.names);
    let home = |path: &str| path.trim_start_matches("crate::").trim_start_matches("self::").to_owned();
    names.iter().filter_map(|name| Some((name.exported.clone()?, home(&name.path)))).collect()
}

/// The lines of an imagined file that some rule refuses.
fn lines_refused(path: &str, text: &str) -> Vec<usize> {
    let rust = tree::Rust::read(text);
    let broken = |name: &&Named| {
        let path_from_root =
            from_root(path, &name.path, &[("Ledger".to_owned(), "ledger::Ledger".to_owned())]);
        let rules = RULES.iter().filter(|rule| is_on(path, rule.floors));
        rules.flat_map(|rule| rule.refused).any(|refused| is_within(&path_from_root, refused))
    };
    rust.names.iter().filter(broken).map(|name| name.line).collect()
}

#[test]
fn an_import_from_above_is_caught_however_it_is_written() {
    let text =
        "use crate::{session::Event,\n store::Pool};\nuse super::super::web;\nfn f(l: &crate::Ledger) {}";
    assert_eq!(lines_refused("src/session/state.rs", text), [2, 3, 4]);
    assert_eq!(lines_refused("src/store.rs", "use poem::Request;\nuse super::ledger::Builder;"), [1, 2]);
}

#[test]
fn an_import_from_below_and_a_word_in_a_comment_are_not_caught() {
    let text = "//! See [crate::web].\nuse crate::session::Event;\nuse super::store;\nlet poems = \"poem::Request\";";
    assert_eq!(lines_refused("src/token/sealer.rs", text), []);
    assert_eq!(lines_refused("src/web/replay.rs", "use poem::Request;\nuse crate::store::Pool;"), []);
}

#[test]
fn a_clock_is_told_from_a_word() {
    let reads = |code: &str| tree::Rust::read(code).names.iter().any(reads_clock);
    assert!(
        reads("let t = SystemTime::now();")
            && reads("Uuid::now_v7()")
            && reads("time::OffsetDateTime::now_utc()")
    );
    assert!(!reads("fn apply(now: Timestamp) { let later = now + delay; }"));
}
