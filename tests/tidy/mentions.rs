//! Every path that a module's code names: in imports, types, expressions, attributes and the arguments of
//! macros.

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, ImplItem, Item, ItemMod, ItemUse, Macro, Meta, Path, Visibility};

use crate::modules::{Import, Module, attributes, imports_of, is_test, plain};

/// A path that code names; a glob import ends in `*`.
pub(crate) struct Mention {
    pub(crate) line: usize,
    pub(crate) path: Vec<String>,
    /// Whether an import makes it visible to others.
    pub(crate) shared: bool,
}

impl Mention {
    /// The path as it is written.
    pub(crate) fn text(&self) -> String {
        self.path.join("::")
    }
}

/// Every path that a module names, in order.
pub(crate) fn mentions(module: &Module) -> Vec<Mention> {
    let mut reader = Reader { found: Vec::new() };
    module.items.iter().for_each(|item| reader.visit_item(item));
    reader.found.sort_by_key(|mention| mention.line);
    reader.found
}

struct Reader {
    found: Vec<Mention>,
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
        let mention = |import: Import| Mention { line: import.line, path: whole(import), shared };
        self.found.extend(imports_of(item).into_iter().map(mention));
    }

    fn visit_path(&mut self, path: &'ast Path) {
        if path.leading_colon.is_none()
            && let Some(first) = path.segments.first()
        {
            let line = first.ident.span().start().line;
            let path = path.segments.iter().map(|segment| plain(&segment.ident)).collect();
            self.found.push(Mention { line, path, shared: false });
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
                        self.found.push(Mention { line: first.span().start().line, path, shared: false });
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
        path.push("*".to_owned());
    }
    path
}
