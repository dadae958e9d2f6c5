//! The modules of a library as `syn` reads them, and the place where a name in them is defined.
//!
//! Code for tests is left out. A struct that is handed to a macro by its name is seen; a name that a macro
//! makes up is not.

use std::collections::BTreeMap;

use syn::{Attribute, Item, ItemMacro, ItemUse, UseTree, Visibility};

use crate::tree::file;

/// A chain of imports and re-exports longer than this is taken for an endless one.
const HOPS_MAX: usize = 12;

/// A library: its modules, the root first.
pub(crate) struct Library {
    pub(crate) modules: Vec<Module>,
}

/// A module: a file, or a block inside one.
pub(crate) struct Module {
    pub(crate) file: String,
    pub(crate) parent: Option<usize>,
    /// The items, without those for tests.
    pub(crate) items: Vec<Item>,
    pub(crate) children: BTreeMap<String, usize>,
    imports: Vec<Import>,
}

/// One leaf of a `use` tree.
pub(crate) struct Import {
    /// The name that it brings: the alias where there is one, `*` for a glob.
    pub(crate) name: String,
    pub(crate) path: Vec<String>,
    pub(crate) line: usize,
}

/// The thing that a path names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Module(usize),
    Item {
        module: usize,
        name: String,
    },
    /// Something of another crate that a module of this one imports.
    Foreign,
}

/// The library of this repository.
pub(crate) fn library() -> Library {
    Library::read("src/lib.rs", &|path| file(path).map(|file| file.text.as_str()))
}

impl Library {
    /// Reads the library with this root; `text` returns the text of a file, if there is one.
    pub(crate) fn read<'a>(root: &str, text: &dyn Fn(&str) -> Option<&'a str>) -> Self {
        let mut library = Self { modules: Vec::new() };
        let folder = root.rsplit_once('/').map_or("", |(folder, _)| folder);
        let source = text(root).unwrap_or_else(|| panic!("{root} is missing"));
        library.add(root, folder, None, parsed(root, source), text);
        library
    }

    /// Everything that `path` names inside the module `from`; nothing for a name from another crate.
    ///
    /// A module and a function may share a name, so there may be several.
    pub(crate) fn resolve(&self, from: usize, path: &[String]) -> Vec<Target> {
        self.walk(from, path, HOPS_MAX)
    }

    /// Whether the module is `above` or lies below it.
    pub(crate) fn is_below(&self, module: usize, above: usize) -> bool {
        module == above || self.modules[module].parent.is_some_and(|parent| self.is_below(parent, above))
    }

    fn add<'a>(
        &mut self,
        file: &str,
        folder: &str,
        parent: Option<usize>,
        items: Vec<Item>,
        text: &dyn Fn(&str) -> Option<&'a str>,
    ) -> usize {
        let at = self.modules.len();
        let mut items: Vec<Item> = items.into_iter().filter(|item| !is_test(attributes(item))).collect();
        let imports = items.iter().filter_map(as_use).flat_map(imports_of).collect();
        let below: Vec<_> = items.iter_mut().filter_map(taken_block).collect();
        let file = file.to_owned();
        self.modules.push(Module { file, parent, items, children: BTreeMap::new(), imports });
        for (name, block) in below {
            let child = self.add_child(at, &format!("{folder}/{name}"), block, text);
            self.modules[at].children.insert(name, child);
        }
        at
    }

    fn add_child<'a>(
        &mut self,
        parent: usize,
        folder: &str,
        block: Option<Vec<Item>>,
        text: &dyn Fn(&str) -> Option<&'a str>,
    ) -> usize {
        if let Some(items) = block {
            let file = self.modules[parent].file.clone();
            return self.add(&file, folder, Some(parent), items, text);
        }
        let places = [format!("{folder}.rs"), format!("{folder}/mod.rs")];
        let found = places.iter().find_map(|place| Some((place, text(place)?)));
        let (file, source) = found.unwrap_or_else(|| panic!("neither of {places:?} is there"));
        self.add(file, folder, Some(parent), parsed(file, source), text)
    }

    /// `path` as code inside the module `from` writes it.
    fn walk(&self, from: usize, path: &[String], hops: usize) -> Vec<Target> {
        match path.first().map(String::as_str) {
            Some("crate") => self.below(0, &path[1..], hops),
            Some(_) => self.below(from, path, hops),
            None => Vec::new(),
        }
    }

    /// `path` from the inside of a module on.
    fn below(&self, module: usize, path: &[String], hops: usize) -> Vec<Target> {
        let Some((name, rest)) = path.split_first() else { return vec![Target::Module(module)] };
        match name.as_str() {
            "self" => return self.below(module, rest, hops),
            "super" => {
                return self.modules[module]
                    .parent
                    .map_or(Vec::new(), |parent| self.below(parent, rest, hops));
            }
            _ => {}
        }
        let found = self.named(module, name, hops);
        if rest.is_empty() {
            return found;
        }
        let onwards = |target| match target {
            Target::Module(at) => self.below(at, rest, hops),
            // The variants and methods of a type are defined with it; nothing stands behind a function.
            Target::Item { ref name, .. } if !name.starts_with(char::is_uppercase) => Vec::new(),
            target => vec![target],
        };
        found.into_iter().flat_map(onwards).collect()
    }

    /// Everything that has this name in a module: its own first, then what globs bring.
    fn named(&self, module: usize, name: &str, hops: usize) -> Vec<Target> {
        let Some(hops) = hops.checked_sub(1) else { return Vec::new() };
        let here = &self.modules[module];
        let mut found: Vec<_> =
            here.children.get(name).map(|child| Target::Module(*child)).into_iter().collect();
        if here.items.iter().any(|item| defines(item, name)) {
            found.push(Target::Item { module, name: name.to_owned() });
        }
        for import in here.imports.iter().filter(|import| import.name == name) {
            let targets = self.walk(module, &import.path, hops);
            found.extend(if targets.is_empty() { vec![Target::Foreign] } else { targets });
        }
        if found.is_empty() {
            let globs = here.imports.iter().filter(|import| import.name == "*");
            let through = |glob: &Import| [&glob.path[..], &[name.to_owned()]].concat();
            found.extend(globs.flat_map(|glob| self.walk(module, &through(glob), hops)));
        }
        found
    }
}

/// The leaves of a `use` item. A path that starts with `::` leads out of the library and has none.
pub(crate) fn imports_of(item: &ItemUse) -> Vec<Import> {
    let mut found = Vec::new();
    if item.leading_colon.is_none() {
        leaves(&item.tree, &mut Vec::new(), &mut found);
    }
    found
}

fn leaves(tree: &UseTree, above: &mut Vec<String>, found: &mut Vec<Import>) {
    match tree {
        UseTree::Path(path) => {
            above.push(plain(&path.ident));
            leaves(&path.tree, above, found);
            above.pop();
        }
        UseTree::Group(group) => group.items.iter().for_each(|tree| leaves(tree, above, found)),
        UseTree::Name(leaf) => found.push(import(above, &leaf.ident, None)),
        UseTree::Rename(leaf) => found.push(import(above, &leaf.ident, Some(plain(&leaf.rename)))),
        UseTree::Glob(glob) => {
            let line = glob.star_token.spans[0].start().line;
            found.push(Import { name: "*".to_owned(), path: above.clone(), line });
        }
    }
}

/// `a::{self}` names `a`.
fn import(above: &[String], ident: &syn::Ident, alias: Option<String>) -> Import {
    let mut path = above.to_vec();
    if ident != "self" || path.is_empty() {
        path.push(plain(ident));
    }
    let name = alias.or_else(|| path.last().cloned()).unwrap_or_default();
    Import { name, path, line: ident.span().start().line }
}

/// An identifier without `r#`.
pub(crate) fn plain(ident: &syn::Ident) -> String {
    ident.to_string().trim_start_matches("r#").to_owned()
}

/// The attributes of an item.
pub(crate) fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Union(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

/// The name and the visibility of an item that defines a name.
pub(crate) fn name_and_visibility(item: &Item) -> Option<(&syn::Ident, &Visibility)> {
    Some(match item {
        Item::Const(item) => (&item.ident, &item.vis),
        Item::Enum(item) => (&item.ident, &item.vis),
        Item::Fn(item) => (&item.sig.ident, &item.vis),
        Item::Static(item) => (&item.ident, &item.vis),
        Item::Struct(item) => (&item.ident, &item.vis),
        Item::Trait(item) => (&item.ident, &item.vis),
        Item::Type(item) => (&item.ident, &item.vis),
        Item::Union(item) => (&item.ident, &item.vis),
        _ => return None,
    })
}

/// Whether the code is compiled for tests only.
pub(crate) fn is_test(attributes: &[Attribute]) -> bool {
    let for_tests = |attribute: &Attribute| {
        attribute.path().is_ident("cfg")
            && attribute.parse_args::<syn::Path>().is_ok_and(|path| path.is_ident("test"))
    };
    attributes.iter().any(for_tests)
}

fn defines(item: &Item, name: &str) -> bool {
    match item {
        Item::Macro(item) => {
            item.ident.as_ref().is_some_and(|ident| plain(ident) == name) || hands_in(item, name)
        }
        item => name_and_visibility(item).is_some_and(|(ident, _)| plain(ident) == name),
    }
}

/// Whether a struct of this name is handed to a macro, which makes it.
fn hands_in(call: &ItemMacro, name: &str) -> bool {
    let words: Vec<String> = call.mac.tokens.clone().into_iter().map(|token| token.to_string()).collect();
    words.windows(2).any(|pair| pair[0] == "struct" && pair[1] == name)
}

fn as_use(item: &Item) -> Option<&ItemUse> {
    if let Item::Use(item) = item { Some(item) } else { None }
}

/// The name of a module and its block, where it has one. The block leaves the parent, so that no code is in
/// two modules.
fn taken_block(item: &mut Item) -> Option<(String, Option<Vec<Item>>)> {
    let Item::Mod(module) = item else { return None };
    let block = module.content.take().map(|(_, items)| items);
    Some((plain(&module.ident), block))
}

fn parsed(file: &str, source: &str) -> Vec<Item> {
    syn::parse_file(source).unwrap_or_else(|error| panic!("{file}: {error}")).items
}

/// A library of imagined files, the root first.
pub(crate) fn imagined(files: &[(&str, &str)]) -> Library {
    let text = |path: &str| files.iter().find(|(name, _)| *name == path).map(|(_, text)| *text);
    Library::read(files[0].0, &text)
}

#[test]
fn a_name_is_followed_to_the_file_that_defines_it() {
    let library = imagined(&[
        ("src/lib.rs", "mod a;\npub use a::Deep as Shown;"),
        (
            "src/a.rs",
            "mod b;\npub use b::*;\nuse std::fmt::Debug;\npub fn b() {}\ntable! { pub struct Row { id: i64 => INT8, } }",
        ),
        (
            "src/a/b.rs",
            "pub struct Deep;\n#[cfg(test)]\nmod tests { struct Hidden; }\nmod inside { use super::Deep; }",
        ),
    ]);
    let file = |from: usize, path: &str| {
        let path: Vec<_> = path.split("::").map(str::to_owned).collect();
        let files = library.resolve(from, &path).into_iter().map(|target| match target {
            Target::Module(module) => format!("mod {}", library.modules[module].file),
            Target::Item { module, .. } => library.modules[module].file.clone(),
            Target::Foreign => "another crate".to_owned(),
        });
        files.collect::<Vec<_>>().join(", ")
    };
    assert_eq!(library.modules.len(), 4, "a module for tests is none");
    assert_eq!(file(0, "Shown::new"), "src/a/b.rs");
    assert_eq!(file(2, "super::Deep"), "src/a/b.rs", "through the parent's glob");
    assert_eq!(file(3, "super::super::b"), "mod src/a/b.rs, src/a.rs", "a module and a function of one name");
    assert_eq!(file(2, "super::Debug"), "another crate");
    assert_eq!(file(1, "std::fmt::Debug"), "");
    assert_eq!(file(1, "crate::a::Lost"), "");
    assert_eq!(file(0, "a::Row"), "src/a.rs", "a struct that a macro makes");
}
