//! No circle among the files of the library: each file can be read, and changed, after those that it needs.
//!
//! File `a` needs file `b` if code in `a` names something that `b` defines, however it reaches the name: a
//! re-export on the way is not the definition. `mod child;` and a re-export of a module's own children need
//! nothing. Code for tests is left out.

use std::collections::{BTreeMap, BTreeSet};

use crate::mentions::{Mention, mentions};
use crate::modules::{Library, Target, library};
use crate::refuse;

#[test]
fn no_circle_is_among_the_files_of_the_library() {
    refuse(&circles(&library()));
}

#[test]
fn every_path_inside_the_library_leads_somewhere() {
    let library = library();
    let mut lost = Vec::new();
    for (at, module) in library.modules.iter().enumerate() {
        let inside = |mention: &Mention| matches!(mention.path[0].as_str(), "crate" | "super" | "self");
        let longer =
            |mention: &Mention| mention.path.len() > 1 && mention.path.last().is_some_and(|name| name != "*");
        let mentions = mentions(module).into_iter().filter(inside).filter(longer);
        let nowhere = mentions.filter(|mention| library.resolve(at, &mention.path).is_empty());
        lost.extend(nowhere.map(|mention| format!("{}:{}: {}", module.file, mention.line, mention.text())));
    }
    refuse(&lost);
}

/// For each file, the files that it needs: for each of those the first line that says so.
type Needs<'a> = BTreeMap<&'a str, BTreeMap<&'a str, (usize, String)>>;

/// The circles, each with its files and a line for each of its edges.
fn circles(library: &Library) -> Vec<String> {
    let needs = needs(library);
    let reached: BTreeMap<&str, BTreeSet<&str>> =
        needs.keys().map(|file| (*file, reached(&needs, file))).collect();
    let mut told = BTreeSet::new();
    let mut found = Vec::new();
    for (file, beyond) in reached.iter().filter(|(file, beyond)| beyond.contains(*file)) {
        let circle: Vec<_> = beyond
            .iter()
            .copied()
            .filter(|other| reached.get(other).is_some_and(|back| back.contains(file)))
            .collect();
        if told.insert(circle.clone()) {
            found.push(described(&circle, &needs));
        }
    }
    found
}

fn described(circle: &[&str], needs: &Needs<'_>) -> String {
    let edges = circle.iter().flat_map(|file| {
        let inside = needs[file].iter().filter(|(needed, _)| circle.contains(needed));
        inside
            .map(move |(needed, (line, path))| format!("\n    {file}:{line} {path}, which {needed} defines"))
    });
    let edges: String = edges.collect();
    format!(
        "a circle of {} files: {}; move what they share into a file below{edges}",
        circle.len(),
        circle.join(", ")
    )
}

/// Every file that `start` needs, directly or not: `start` itself is one of them only if it is in a circle.
fn reached<'a>(needs: &Needs<'a>, start: &str) -> BTreeSet<&'a str> {
    let mut found = BTreeSet::new();
    let mut ahead = vec![start];
    while let Some(file) = ahead.pop() {
        for needed in needs.get(file).into_iter().flat_map(BTreeMap::keys) {
            if found.insert(*needed) {
                ahead.push(needed);
            }
        }
    }
    found
}

fn needs(library: &Library) -> Needs<'_> {
    let mut needs = Needs::new();
    for (at, module) in library.modules.iter().enumerate() {
        let needed = needs.entry(module.file.as_str()).or_default();
        for mention in mentions(module) {
            for target in library.resolve(at, &mention.path) {
                let Target::Item { module: home, .. } = target else { continue };
                let own_child = mention.shared && library.is_below(home, at);
                let home = library.modules[home].file.as_str();
                if !own_child && home != module.file {
                    needed.entry(home).or_insert_with(|| (mention.line, mention.text()));
                }
            }
        }
    }
    needs
}

/// The circles of an imagined library.
fn found(files: &[(&str, &str)]) -> Vec<String> {
    circles(&crate::modules::imagined(files))
}

#[test]
fn a_circle_behind_a_re_export_is_found_with_its_lines() {
    let files = [
        ("src/lib.rs", "mod a;"),
        (
            "src/a.rs",
            "//! A parent.\nmod entry;\nmod error;\npub(crate) use entry::Entry;\npub use error::Error;",
        ),
        ("src/a/entry.rs", "use super::Error;\npub(crate) struct Entry(Error);"),
        ("src/a/error.rs", "use std::fmt;\n\npub enum Error { At(super::Entry) }"),
    ];
    let circle = "a circle of 2 files: src/a/entry.rs, src/a/error.rs; move what they share into a file below\n    \
                  src/a/entry.rs:1 super::Error, which src/a/error.rs defines\n    \
                  src/a/error.rs:3 super::Entry, which src/a/entry.rs defines";
    assert_eq!(found(&files), [circle]);
}

#[test]
fn a_parent_that_re_exports_its_child_is_in_no_circle() {
    let parent = "mod child;\npub use child::Child;\npub struct Parent;";
    let child = "use super::Parent;\npub struct Child(Parent);";
    assert_eq!(found(&[("src/lib.rs", parent), ("src/child.rs", child)]), [""; 0]);
    let user = format!("{parent}\nfn use_it(child: &Child) {{}}");
    assert_eq!(
        found(&[("src/lib.rs", &user), ("src/child.rs", child)]).len(),
        1,
        "but a parent that uses it is"
    );
}

#[test]
fn a_circle_is_found_inside_macros_attributes_and_blocks() {
    let back = "pub fn b() { log!(\"{}\", crate::a::A.x()) }";
    for user in [
        "fn f() { vec![crate::b::b()] }",
        "#[error(\"{}\", super::b::b())]\nstruct E;",
        "mod m { use crate::b::b; }",
    ] {
        let a = format!("pub struct A;\n{user}");
        assert_eq!(
            found(&[("src/lib.rs", "mod a; mod b;"), ("src/a.rs", &a), ("src/b.rs", back)]).len(),
            1,
            "{user}"
        );
    }
}

#[test]
fn a_module_alias_a_test_and_a_method_make_no_circle() {
    let back = "pub fn b() { crate::a::A }";
    for user in [
        "use crate::b;",
        "#[cfg(test)]\nmod tests { use crate::b::b; }",
        "fn f() { log!(x.b()) }",
        "pub(in crate::b) fn f() {}",
    ] {
        let a = format!("pub struct A;\n{user}");
        assert_eq!(
            found(&[("src/lib.rs", "mod a; mod b;"), ("src/a.rs", &a), ("src/b.rs", back)]),
            [""; 0],
            "{user}"
        );
    }
}
