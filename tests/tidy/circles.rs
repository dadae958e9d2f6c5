//! No circle among the files of the library: each file can be read, and changed, after those that it needs.
//!
//! File `a` needs file `b` if code in `a` names something that `b` defines, however it reaches the name: a
//! re-export on the way is not the definition. `mod child;` and a re-export of a module's own children need
//! nothing. Code for tests is left out.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, ImplItem, Item, ItemMod, ItemUse, Macro, Meta, Path, Visibility};

use crate::modules::{Import, Library, Module, Target, attributes, imports_of, is_test, plain};
use crate::refuse;
use crate::tree::file;

#[test]
fn no_circle_is_among_the_files_of_the_library() {
    let library = Library::read("src/lib.rs", &|path| file(path).map(|file| file.text.as_str()));
    refuse(&circles(&library));
}

#[test]
fn every_path_inside_the_library_leads_somewhere() {
    let library = Library::read("src/lib.rs", &|path| file(path).map(|file| file.text.as_str()));
    let mut lost = Vec::new();
    for (at, module) in library.modules.iter().enumerate() {
        let inside =
            |path: &[String]| path.len() > 1 && matches!(path[0].as_str(), "crate" | "super" | "self");
        let named =
            paths(module).into_iter().filter(|named| inside(&named.path) && !named.path.contains(&star()));
        let nowhere = named.filter(|named| library.resolve(at, &named.path).is_empty());
        lost.extend(
            nowhere.map(|named| format!("{}:{}: {}", module.file, named.line, named.path.join("::"))),
        );
    }
    refuse(&lost);
}

/// A path that code names.
struct Named {
    line: usize,
    path: Vec<String>,
    /// Whether an import makes it visible to others.
    shared: bool,
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
        for named in paths(module) {
            for target in library.resolve(at, &named.path) {
                let Target::Item { module: home, .. } = target else { continue };
                let own_child = named.shared && library.is_below(home, at);
                let home = library.modules[home].file.as_str();
                if !own_child && home != module.file {
                    needed.entry(home).or_insert_with(|| (named.line, named.path.join("::")));
                }
            }
        }
    }
    needs
}

/// Every path that a module names, in order.
fn paths(module: &Module) -> Vec<Named> {
    let mut reader = Reader { found: Vec::new() };
    module.items.iter().for_each(|item| reader.visit_item(item));
    reader.found.sort_by_key(|named| named.line);
    reader.found
}

struct Reader {
    found: Vec<Named>,
}

impl<'ast> Visit<'ast> for Reader {
    fn visit_item(&mut self, item: &'ast Item) {
        if !is_test(attributes(item)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_impl_item(&mut self, item: &'ast ImplItem) {
        let of_function = if let ImplItem::Fn(item) = item { &item.attrs[..] } else { &[] };
        if !is_test(of_function) {
            visit::visit_impl_item(self, item);
        }
    }

    /// A module inside a file is read by itself.
    fn visit_item_mod(&mut self, _: &'ast ItemMod) {}

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        let shared = !matches!(item.vis, Visibility::Inherited);
        let named = |import: Import| Named { line: import.line, path: whole(import), shared };
        self.found.extend(imports_of(item).into_iter().map(named));
    }

    fn visit_path(&mut self, path: &'ast Path) {
        if path.leading_colon.is_none()
            && let Some(first) = path.segments.first()
        {
            let line = first.ident.span().start().line;
            let path = path.segments.iter().map(|segment| plain(&segment.ident)).collect();
            self.found.push(Named { line, path, shared: false });
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast Macro) {
        self.visit_path(&call.path);
        self.tokens(call.tokens.clone());
    }

    /// `pub(in crate::token)` needs nothing.
    fn visit_visibility(&mut self, _: &'ast Visibility) {}

    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        if let Meta::List(list) = &attribute.meta {
            self.tokens(list.tokens.clone());
        }
    }
}

impl Reader {
    /// The paths in what a macro is given: words with `::` between them. A word behind a dot is a method.
    fn tokens(&mut self, stream: TokenStream) {
        let tokens: Vec<TokenTree> = stream.into_iter().collect();
        let is = |at: usize, sign: char| matches!(tokens.get(at), Some(TokenTree::Punct(p)) if p.as_char() == sign);
        let mut at = 0;
        while at < tokens.len() {
            match &tokens[at] {
                TokenTree::Group(group) => self.tokens(group.stream()),
                TokenTree::Ident(first) => {
                    let method = at > 0 && is(at - 1, '.') && !(at > 1 && is(at - 2, '.'));
                    let mut path = vec![plain(first)];
                    while is(at + 1, ':')
                        && is(at + 2, ':')
                        && let Some(TokenTree::Ident(next)) = tokens.get(at + 3)
                    {
                        path.push(plain(next));
                        at += 3;
                    }
                    if !method {
                        self.found.push(Named { line: first.span().start().line, path, shared: false });
                    }
                }
                _ => {}
            }
            at += 1;
        }
    }
}

/// The path of an import. A glob keeps its star: it names nothing yet, and each name that it brings names
/// itself.
fn whole(import: Import) -> Vec<String> {
    let mut path = import.path;
    if import.name == "*" {
        path.push(star());
    }
    path
}

fn star() -> String {
    "*".to_owned()
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
