//! Every public name of the library is on a list, so that growth is seen in review.
//!
//! `UPDATE_PUBLIC_NAMES=1 cargo test --locked --test tidy` writes the list. Names are read from the source:
//! from `src/lib.rs` through public modules and re-exports, without items that are `#[doc(hidden)]`. A type
//! is listed under each of its paths, and its fields, variants and methods under the longest one. A method
//! that a macro writes is found only if the macro names the type (`impl EndReason`), not if it is given the
//! type (`impl $name`); implementations of traits are not listed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::{Attribute, Fields, ImplItem, Item, ItemImpl, ItemUse, TraitItem, Type, Visibility};

use crate::modules::{
    Import, Library, Target, attributes, imports_of, is_test, library, name_and_visibility, plain,
};
use crate::tree::file;

const LIST: &str = "tests/tidy/public_names.txt";
const HEADER: &str = "# Every public name of the library, as tests/tidy/public_names.rs finds it.\n\
                      # UPDATE_PUBLIC_NAMES=1 cargo test --locked --test tidy writes it anew.\n";

#[test]
fn the_public_names_are_those_on_the_list() {
    let found = public_names(&library(), "session_ledger");
    if std::env::var_os("UPDATE_PUBLIC_NAMES").is_some() {
        let lines: String = found.iter().map(|name| format!("{name}\n")).collect();
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(LIST);
        return std::fs::write(path, format!("{HEADER}{lines}")).unwrap();
    }
    let list = file(LIST).map_or("", |file| file.text.as_str());
    let differences = differences(list, &found);
    assert!(
        differences.is_empty(),
        "the public names differ from {LIST}; if it is meant, UPDATE_PUBLIC_NAMES=1 writes the list:\n{differences}"
    );
}

/// The names that were added and removed, one a line.
fn differences(list: &str, found: &BTreeSet<String>) -> String {
    let listed: BTreeSet<_> = list.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect();
    let added = found.difference(&listed).map(|name| format!("  added    {name}\n"));
    let removed = listed.difference(found).map(|name| format!("  removed  {name}\n"));
    added.chain(removed).collect()
}

/// An item that has a name: its module and its name there.
type Home = (usize, String);

fn public_names(library: &Library, root: &str) -> BTreeSet<String> {
    let mut walk = Walk { library, names: BTreeSet::new(), homes: BTreeMap::new(), entered: BTreeSet::new() };
    walk.module(0, root);
    let methods = methods(library);
    let mut names = walk.names;
    for (home, paths) in &walk.homes {
        let longest = |path: &&String| (path.matches("::").count(), std::cmp::Reverse((*path).clone()));
        let Some(path) = paths.iter().max_by_key(longest) else { continue };
        let inside =
            members(library, home).into_iter().chain(methods.get(home).into_iter().flatten().cloned());
        names.extend(inside.map(|member| format!("{path}::{member}")));
    }
    names
}

/// The way from the root through everything that is public.
struct Walk<'a> {
    library: &'a Library,
    names: BTreeSet<String>,
    /// For each item, the public paths to it.
    homes: BTreeMap<Home, BTreeSet<String>>,
    entered: BTreeSet<(usize, String)>,
}

impl Walk<'_> {
    fn module(&mut self, module: usize, path: &str) {
        if !self.entered.insert((module, path.to_owned())) {
            return;
        }
        let library = self.library;
        for item in library.modules[module].items.iter().filter(|item| !is_hidden(attributes(item))) {
            match item {
                Item::Use(item) if is_public(&item.vis) => self.re_exports(module, item, path),
                Item::Mod(item) if is_public(&item.vis) => {
                    let name = plain(&item.ident);
                    self.target(
                        Target::Module(library.modules[module].children[&name]),
                        &format!("{path}::{name}"),
                    );
                }
                item => {
                    let public = name_and_visibility(item).filter(|(_, visibility)| is_public(visibility));
                    if let Some(name) = public.map(|(ident, _)| plain(ident)) {
                        let here = format!("{path}::{name}");
                        self.target(Target::Item { module, name }, &here);
                    }
                }
            }
        }
    }

    fn re_exports(&mut self, module: usize, item: &ItemUse, path: &str) {
        let leaf = |import: &Import| self.library.resolve(module, &import.path);
        let found: Vec<_> = imports_of(item).into_iter().map(|import| (leaf(&import), import)).collect();
        for (targets, Import { name, line, .. }) in found {
            let file = &self.library.modules[module].file;
            assert_ne!(name, "*", "{file}:{line}: name what is public: a glob grows without being seen");
            let here = format!("{path}::{name}");
            self.names.insert(here.clone());
            targets.into_iter().for_each(|target| self.target(target, &here));
        }
    }

    fn target(&mut self, target: Target, path: &str) {
        match target {
            Target::Module(module) => {
                self.names.insert(path.to_owned());
                self.module(module, path);
            }
            Target::Item { module, name } => {
                self.names.insert(path.to_owned());
                self.homes.entry((module, name)).or_default().insert(path.to_owned());
            }
            Target::Foreign => {}
        }
    }
}

/// The public fields, variants and items of a trait that an item consists of.
fn members(library: &Library, (module, name): &Home) -> Vec<String> {
    let items = library.modules[*module].items.iter();
    let own = items.filter(|item| name_and_visibility(item).is_some_and(|(ident, _)| plain(ident) == *name));
    own.flat_map(|item| match item {
        Item::Struct(item) => fields(&item.fields, is_public),
        Item::Enum(item) => {
            item.variants.iter().filter(|one| !is_hidden(&one.attrs)).flat_map(variant).collect()
        }
        Item::Trait(item) => item.items.iter().filter_map(of_trait).collect(),
        _ => Vec::new(),
    })
    .collect()
}

fn variant(variant: &syn::Variant) -> Vec<String> {
    let name = plain(&variant.ident);
    let fields = fields(&variant.fields, |_| true);
    let inside: Vec<_> = fields.into_iter().map(|field| format!("{name}::{field}")).collect();
    [vec![name], inside].concat()
}

fn fields(fields: &Fields, shown: fn(&Visibility) -> bool) -> Vec<String> {
    let shown = fields.iter().enumerate().filter(|(_, field)| shown(&field.vis) && !is_hidden(&field.attrs));
    shown.map(|(at, field)| field.ident.as_ref().map_or_else(|| at.to_string(), plain)).collect()
}

fn of_trait(item: &TraitItem) -> Option<String> {
    let (ident, attributes) = match item {
        TraitItem::Const(item) => (&item.ident, &item.attrs),
        TraitItem::Fn(item) => (&item.sig.ident, &item.attrs),
        TraitItem::Type(item) => (&item.ident, &item.attrs),
        _ => return None,
    };
    (!is_hidden(attributes)).then(|| plain(ident))
}

/// The public methods and constants of each type, from every `impl` block of the library.
fn methods(library: &Library) -> BTreeMap<Home, Vec<String>> {
    let mut found: BTreeMap<Home, Vec<String>> = BTreeMap::new();
    for (at, module) in library.modules.iter().enumerate() {
        for item in &module.items {
            let blocks = match item {
                Item::Impl(item) => of_block(item).into_iter().collect(),
                Item::Macro(item) => blocks_of_macro(item.mac.tokens.clone()),
                _ => Vec::new(),
            };
            for (path, names) in blocks {
                for target in library.resolve(at, &path) {
                    let Target::Item { module, name } = target else { continue };
                    found.entry((module, name)).or_default().extend(names.iter().cloned());
                }
            }
        }
    }
    found
}

/// The type of an inherent `impl` block and its public names.
fn of_block(block: &ItemImpl) -> Option<(Vec<String>, Vec<String>)> {
    let Type::Path(path) = &*block.self_ty else { return None };
    if block.trait_.is_some() || is_hidden(&block.attrs) {
        return None;
    }
    let path = path.path.segments.iter().map(|segment| plain(&segment.ident)).collect();
    Some((path, block.items.iter().filter_map(of_impl).collect()))
}

fn of_impl(item: &ImplItem) -> Option<String> {
    let (ident, visibility, attributes) = match item {
        ImplItem::Const(item) => (&item.ident, &item.vis, &item.attrs),
        ImplItem::Fn(item) => (&item.sig.ident, &item.vis, &item.attrs),
        _ => return None,
    };
    (is_public(visibility) && !is_hidden(attributes) && !is_test(attributes)).then(|| plain(ident))
}

/// The blocks `impl Type { … }` in a macro's tokens.
fn blocks_of_macro(stream: TokenStream) -> Vec<(Vec<String>, Vec<String>)> {
    let tokens: Vec<TokenTree> = stream.into_iter().collect();
    let mut found = Vec::new();
    for window in tokens.windows(3) {
        if let [TokenTree::Ident(word), TokenTree::Ident(owner), TokenTree::Group(block)] = window
            && word == "impl"
            && block.delimiter() == Delimiter::Brace
        {
            found.push((vec![plain(owner)], public_functions(block.stream())));
        }
    }
    let groups = tokens
        .into_iter()
        .filter_map(|token| if let TokenTree::Group(group) = token { Some(group) } else { None });
    found.extend(groups.flat_map(|group| blocks_of_macro(group.stream())));
    found
}

/// The names behind `pub fn`, `pub const fn` and `pub async fn`.
fn public_functions(stream: TokenStream) -> Vec<String> {
    let words: Vec<String> = stream.into_iter().map(|token| token.to_string()).collect();
    let behind = |at: usize| match words.get(at..at + 4) {
        Some([public, function, name, _]) if public == "pub" && function == "fn" => Some(name.clone()),
        Some([public, _, function, name]) if public == "pub" && function == "fn" => Some(name.clone()),
        _ => None,
    };
    (0..words.len()).filter_map(behind).collect()
}

fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

fn is_hidden(attributes: &[Attribute]) -> bool {
    let hides = |attribute: &Attribute| {
        attribute.path().is_ident("doc")
            && attribute.parse_args::<syn::Path>().is_ok_and(|path| path.is_ident("hidden"))
    };
    attributes.iter().any(hides)
}

/// The public names of an imagined library, without the name of the crate.
fn found(files: &[(&str, &str)]) -> Vec<String> {
    public_names(&crate::modules::imagined(files), "")
        .into_iter()
        .map(|name| name.replacen("::", "", 1))
        .collect()
}

#[test]
fn a_type_is_listed_under_each_path_and_its_members_under_the_longest() {
    let files = [
        ("src/lib.rs", "pub mod front;\nmod back;\npub use front::Desk;"),
        ("src/front.rs", "mod desk;\npub use desk::{Desk, Plate as Sign};\npub(crate) use desk::Plate;"),
        (
            "src/front/desk.rs",
            "pub struct Desk { pub bell: u8, drawer: u8 }\nimpl Desk { pub const LEGS: u8 = 4; pub fn ring() {} fn open() {} }\n\
             pub enum Plate { Blank, Text { size: u8 }, Number(u8) }",
        ),
        (
            "src/back.rs",
            "use crate::Desk;\nimpl Desk { pub async fn call() {} }\nimpl Clone for Desk { fn clone() {} }\npub struct Unseen;",
        ),
    ];
    let names = [
        "Desk",
        "front",
        "front::Desk",
        "front::Desk::LEGS",
        "front::Desk::bell",
        "front::Desk::call",
        "front::Desk::ring",
        "front::Sign",
        "front::Sign::Blank",
        "front::Sign::Number",
        "front::Sign::Number::0",
        "front::Sign::Text",
        "front::Sign::Text::size",
    ];
    assert_eq!(found(&files), names);
}

#[test]
fn hidden_items_and_tests_are_left_out_and_other_crates_are_not() {
    let root = "#[doc(hidden)]\npub mod inside { pub struct A; }\n#[cfg(test)]\npub mod tests { pub struct B; }\n\
                pub use other::Thing;\npub trait Sink { const SIZE: u8; fn put(); #[doc(hidden)] fn peek(); }\n\
                pub struct C;\nimpl C { #[doc(hidden)] pub fn d() {} }\npub fn f() {}\npub(crate) fn g() {}\n\
                pub type T = C;\npub const K: u8 = 1;";
    let names = ["C", "K", "Sink", "Sink::SIZE", "Sink::put", "T", "Thing", "f"];
    assert_eq!(found(&[("src/lib.rs", root)]), names);
}

#[test]
fn a_method_in_a_macro_is_found_where_the_macro_names_its_type() {
    let root = "pub struct A;\nmacro_rules! words { ($($word:ident)*) => { impl A { pub fn one(&self) {} pub const fn two() {} fn three() {} } }; }";
    assert_eq!(found(&[("src/lib.rs", root)]), ["A", "A::one", "A::two"]);
}

#[test]
fn added_and_removed_names_are_told_apart() {
    let found = BTreeSet::from(["a::B".to_owned(), "a::C".to_owned()]);
    assert_eq!(differences("# a list\na::B\na::D\n", &found), "  added    a::C\n  removed  a::D\n");
    assert_eq!(differences("a::C\na::B", &found), "");
}
