//! The floors of the house: lower ones never import upper ones, and each outside world is known to one floor
//! only.

use crate::paths::{Named, is_within};
use crate::tree::{File, Rust, file, rust_files};
use crate::{refuse, tree};

/// Names that some files of `src` may not use.
struct Rule {
    files: Files,
    refused: &'static [&'static str],
    instead: &'static str,
}

/// The files that a rule is for.
enum Files {
    /// The files of these floors.
    Of(&'static [&'static str]),
    /// All files of `src` but those of these floors.
    ButOf(&'static [&'static str]),
}

const PURE: &[&str] = &["session", "token"];

const RULES: &[Rule] = &[
    Rule {
        files: Files::Of(PURE),
        refused: &["crate::store", "crate::ledger", "crate::request", "crate::web"],
        instead: "this floor is below; move what both need down, or do the work upstairs",
    },
    Rule {
        files: Files::Of(PURE),
        refused: &["tokio_postgres", "deadpool_postgres", "deadpool", "postgres_types", "refinery", "http"],
        instead: "this floor is pure; HTTP belongs to src/request and src/web, PostgreSQL to src/store",
    },
    Rule {
        files: Files::Of(PURE),
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
        files: Files::Of(&["session"]),
        refused: &["crate::token"],
        instead: "a session knows nothing of what the browser holds; let src/token use src/session",
    },
    Rule {
        files: Files::Of(&["store"]),
        refused: &["crate::ledger"],
        instead: "the front desk is above the store; take what is needed as an argument",
    },
    Rule {
        files: Files::Of(&["store", "inbox", "ledger"]),
        refused: &["crate::request", "crate::web", "http"],
        instead: "HTTP is above this floor; return a value or an error that src/request can answer with",
    },
    Rule {
        files: Files::Of(&["request", "web"]),
        refused: &["crate::store"],
        instead: "the front desk is the way down; ask crate::ledger",
    },
    Rule {
        files: Files::Of(&["request"]),
        refused: &["crate::web"],
        instead: "the cycle of a request knows no framework; take what is needed as an argument",
    },
    Rule {
        files: Files::ButOf(&["web", "test"]),
        refused: &["poem"],
        instead: "only src/web knows poem; speak the `http` crate's types and our own",
    },
    Rule {
        files: Files::ButOf(&["test"]),
        refused: &["crate::test", "private_postgres"],
        instead: "the kit is for the tests of applications; the library runs without it",
    },
    Rule {
        files: Files::Of(&["test"]),
        refused: &["crate::store", "crate::request"],
        instead: "the kit visits an application as a browser does; use the public interface",
    },
    Rule {
        files: Files::ButOf(&["internals"]),
        refused: &["crate::internals"],
        instead: "this module is for tests and benches; name the thing where it is defined",
    },
];

/// Ways of asking what time it is.
const CLOCKS: &[&str] = &["now", "now_utc", "now_local", "now_v1", "now_v6", "now_v7"];

/// The one file above the front desk that hands PostgreSQL to the application.
const TRANSACTION: &str = "src/request/tx.rs";

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
    let instead = format!("ask src/store; besides it only the front desk and {TRANSACTION} may name this");
    let elsewhere = rust_files().filter(|(file, _)| !may_name_postgres(&file.path));
    let offences: Vec<_> = elsewhere
        .flat_map(|(file, rust)| {
            rust.names.iter().filter(|name| is_driver(name)).map(|n| offence(file, n, &instead))
        })
        .collect();
    refuse(&offences);
}

#[test]
fn the_projector_uses_the_public_interface_only() {
    let instead =
        "use what `session_ledger` exports at its root or as a public noun; if it is missing, export it";
    let offences: Vec<_> = rust_files()
        .filter(|(file, _)| file.is_under(&["projector"]))
        .flat_map(|(file, rust)| {
            rust.names.iter().filter(|name| reaches_inside(name)).map(|name| offence(file, name, instead))
        })
        .collect();
    refuse(&offences);
}

/// The places where files break one rule.
fn refused<'a>(rule: &'a Rule, files: impl Iterator<Item = (&'a File, &'a Rust)>) -> Vec<String> {
    let exports = exports();
    let concerned = files.filter(|(file, _)| rule.concerns(&file.path));
    concerned
        .flat_map(|(file, rust)| {
            let named = rust.names.iter().filter(|name| rule.refuses(&file.path, name, &exports));
            named.map(|name| offence(file, name, rule.instead))
        })
        .collect()
}

impl Rule {
    fn concerns(&self, path: &str) -> bool {
        match self.files {
            Files::Of(floors) => is_on(path, floors),
            Files::ButOf(floors) => path.starts_with("src/") && !is_on(path, floors),
        }
    }

    fn refuses(&self, file: &str, name: &Named, exports: &[(String, String)]) -> bool {
        let path = from_root(file, &name.path, exports);
        self.refused.iter().any(|refused| is_within(&path, refused))
    }
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

/// Whether a file may name the driver: it lies outside of the library, or is one of those that speak to
/// PostgreSQL.
fn may_name_postgres(path: &str) -> bool {
    !path.starts_with("src/") || path == TRANSACTION || is_on(path, &["store", "ledger", "test"])
}

/// Whether a name of the projector's leads past the public interface.
fn reaches_inside(name: &Named) -> bool {
    let inside = ["store", "request", "internals"];
    inside.iter().any(|module| is_within(&name.path, &format!("session_ledger::{module}")))
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

/// The depth of a file of `src` in the tree of modules: `src/store.rs` and `src/store/mod.rs` have 1.
fn depth(file: &str) -> usize {
    let module = file.trim_end_matches(".rs").trim_end_matches("/mod");
    module.split('/').count().saturating_sub(1)
}

/// The names that the root exports, each with its home: `Ledger` with `ledger::Ledger`.
fn exports() -> Vec<(String, String)> {
    let names = file("src/lib.rs").and_then(|file| file.rust.as_ref()).map_or(&[][..], |rust| &rust.names);
    let home = |path: &str| path.trim_start_matches("crate::").trim_start_matches("self::").to_owned();
    names.iter().filter_map(|name| Some((name.exported.clone()?, home(&name.path)))).collect()
}

/// The lines of an imagined file that some rule refuses.
fn lines_refused(path: &str, text: &str) -> Vec<usize> {
    let exports = [("Ledger".to_owned(), "ledger::Ledger".to_owned())];
    let rust = tree::Rust::read(text);
    let rules: Vec<_> = RULES.iter().filter(|rule| rule.concerns(path)).collect();
    let broken = |name: &&Named| rules.iter().any(|rule| rule.refuses(path, name, &exports));
    rust.names.iter().filter(broken).map(|name| name.line).collect()
}

#[test]
fn an_import_from_above_is_caught_however_it_is_written() {
    let text =
        "use crate::{session::Event,\n store::Pool};\nuse super::super::web;\nfn f(l: &crate::Ledger) {}";
    assert_eq!(lines_refused("src/session/state.rs", text), [2, 3, 4]);
    assert_eq!(lines_refused("src/store.rs", "use poem::Request;\nuse super::ledger::Builder;"), [1, 2]);
    let text = "use super::super::request::Visit;\nuse crate::request;\nuse http::HeaderMap;";
    assert_eq!(lines_refused("src/ledger/end.rs", text), [1, 2, 3]);
    assert_eq!(lines_refused("src/store/request/append.rs", text), [2, 3], "a room is no floor");
    assert_eq!(lines_refused("src/token/sealer.rs", text), [1, 2, 3]);
}

#[test]
fn the_cycle_of_a_request_knows_no_framework_and_asks_the_front_desk() {
    let text = "use poem::Request;\nuse crate::web::Session;\nuse crate::store::Pool;\nuse crate::ledger::Error;\n\
                use http::HeaderMap;\nuse crate::token::Sealer;";
    assert_eq!(lines_refused("src/request/visit.rs", text), [1, 2, 3]);
    assert_eq!(lines_refused("src/request.rs", text), [1, 2, 3]);
}

#[test]
fn the_web_floor_knows_poem_and_asks_the_front_desk() {
    let text =
        "use poem::Request;\nuse crate::request::Visit;\nuse crate::store::Pool;\nuse super::super::store;";
    assert_eq!(lines_refused("src/web/middleware.rs", text), [3, 4]);
    assert_eq!(lines_refused("src/web.rs", "use crate::store;\nuse poem::Endpoint;"), [1]);
}

#[test]
fn poem_is_known_to_the_web_floor_only() {
    for path in ["src/lib.rs", "src/telemetry.rs", "src/internals.rs", "src/ledger.rs", "src/webhook.rs"] {
        assert_eq!(lines_refused(path, "fn f(request: &poem::Request) {}"), [1], "{path}");
    }
    assert_eq!(lines_refused("projector/src/main.rs", "use poem::Request;"), [0; 0]);
    assert_eq!(lines_refused("src/test/visitor.rs", "use poem::Request;\nuse crate::store::Pool;"), [2]);
    assert_eq!(lines_refused("src/web/face.rs", "use crate::test::Visitor;"), [1]);
}

#[test]
fn the_library_does_not_use_what_it_keeps_for_its_tests() {
    assert_eq!(lines_refused("src/web/session.rs", "use crate::internals::Draft;"), [1]);
    assert_eq!(lines_refused("src/internals.rs", "pub use crate::session::Draft;"), [0; 0]);
}

#[test]
fn one_file_above_the_front_desk_names_postgres() {
    for path in ["src/request/tx.rs", "src/ledger/builder.rs", "src/store/log/feed.rs", "tests/pool/main.rs"]
    {
        assert!(may_name_postgres(path), "{path}");
    }
    for path in ["src/web/tx.rs", "src/request/visit.rs", "src/lib.rs", "src/session/state.rs"] {
        assert!(!may_name_postgres(path), "{path}");
    }
}

#[test]
fn the_projector_is_refused_what_users_do_not_have() {
    let text = "use session_ledger::{Ledger, ledger::Progress, internals::Draft, request, web::IpNet};\n\
                fn f() { session_ledger::store::read() }";
    let reached = tree::Rust::read(text).names.into_iter().filter(reaches_inside).map(|name| name.path);
    let inside = ["internals::Draft", "request", "store::read"];
    assert_eq!(reached.collect::<Vec<_>>(), inside.map(|path| format!("session_ledger::{path}")));
}

#[test]
fn an_import_from_below_and_a_word_in_a_comment_are_not_caught() {
    let text = "//! See [crate::web].\nuse crate::session::Event;\nuse super::store;\nlet poems = \"poem::Request\";";
    assert_eq!(lines_refused("src/token/sealer.rs", text), []);
    assert_eq!(lines_refused("src/web/replay.rs", "use poem::Request;\nuse crate::ledger::Ledger;"), []);
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
