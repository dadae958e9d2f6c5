//! A traced type in words: `{items: List<{name: String, count: u32}>, coupon: Option<String>}`.
//!
//! The words name neither structs nor enums, so that a type may be renamed or moved. They are stored by their
//! digest: what they are for a type never changes.

use super::nodes::{Definition, Definitions, Fields, Node, Payload, Traced, Variants};

/// The longest layout that is told.
const BYTES_MAX: usize = 64 * 1024;

/// From so many equal elements on a tuple is told as an array.
const ARRAY_MIN: usize = 4;

/// The layout in words, if all of it was traced and it is not too long.
pub(super) fn words(traced: &Traced) -> Option<String> {
    let mut words = Words { text: String::new(), definitions: &traced.definitions, within: Vec::new() };
    words.node(&traced.root)?;
    Some(words.text)
}

struct Words<'a> {
    text: String,
    definitions: &'a Definitions,
    /// The structs and enums around the place that is told.
    within: Vec<&'static str>,
}

impl Words<'_> {
    fn node(&mut self, node: &Node) -> Option<()> {
        match node {
            Node::Unknown => return None,
            Node::Leaf(name) => self.text.push_str(name),
            Node::Option(inner) => self.generic("Option", &[inner])?,
            Node::List(inner) => self.generic("List", &[inner])?,
            Node::Map(inner) => self.generic("Map", &[&inner.0, &inner.1])?,
            Node::Tuple(nodes) => self.tuple(nodes)?,
            Node::Named(name) => self.named(name)?,
        }
        (self.text.len() <= BYTES_MAX).then_some(())
    }

    fn generic(&mut self, name: &str, inner: &[&Node]) -> Option<()> {
        self.text.push_str(name);
        self.list("<", inner.iter().copied(), ">")
    }

    fn tuple(&mut self, nodes: &[Node]) -> Option<()> {
        match nodes {
            [first, rest @ ..] if nodes.len() >= ARRAY_MIN && rest.iter().all(|node| node == first) => {
                self.text.push('[');
                self.node(first)?;
                self.text.push_str(&format!("; {}]", nodes.len()));
                Some(())
            }
            _ => self.list("(", nodes.iter(), ")"),
        }
    }

    fn list<'n>(&mut self, open: &str, nodes: impl Iterator<Item = &'n Node>, close: &str) -> Option<()> {
        self.text.push_str(open);
        for (index, node) in nodes.enumerate() {
            self.text.push_str(if index == 0 { "" } else { ", " });
            self.node(node)?;
        }
        self.text.push_str(close);
        Some(())
    }

    /// A struct or enum. One that holds itself is told by how many structs and enums there are in between.
    fn named(&mut self, name: &'static str) -> Option<()> {
        if let Some(up) = self.within.iter().rev().position(|outer| *outer == name) {
            self.text.push_str(&format!("^{up}"));
            return Some(());
        }
        self.within.push(name);
        match self.definitions.get(name)? {
            Definition::Struct(fields) => self.fields(fields)?,
            Definition::Enum(variants) => self.variants(variants)?,
        }
        self.within.pop();
        Some(())
    }

    fn fields(&mut self, fields: &Fields) -> Option<()> {
        if fields.names.len() != fields.nodes.len() {
            self.aliases(fields.names);
            return self.list("{", fields.nodes.iter(), "}");
        }
        self.text.push('{');
        for (index, (name, node)) in fields.names.iter().zip(&fields.nodes).enumerate() {
            self.text.push_str(if index == 0 { "" } else { ", " });
            self.name(name);
            self.text.push_str(": ");
            self.node(node)?;
        }
        self.text.push('}');
        Some(())
    }

    fn variants(&mut self, found: &Variants) -> Option<()> {
        let has_aliases = found.names.len() != found.variants.len();
        if has_aliases {
            self.aliases(found.names);
        }
        for (index, variant) in found.variants.iter().enumerate() {
            self.text.push_str(if index == 0 { "" } else { " | " });
            match found.names.get(index) {
                Some(name) if !has_aliases => self.name(name),
                _ => self.text.push_str(&index.to_string()),
            }
            match variant.payload.as_ref()? {
                Payload::Unit => {}
                Payload::Newtype(node) => self.list("(", [node].into_iter(), ")")?,
                Payload::Tuple(nodes) => self.list("(", nodes.iter(), ")")?,
                Payload::Struct(fields) => self.fields(fields)?,
            }
        }
        Some(())
    }

    /// All names at once, where `#[serde(alias)]` hides which of them belong together.
    fn aliases(&mut self, names: &[&str]) {
        self.text.push('<');
        for (index, name) in names.iter().enumerate() {
            self.text.push_str(if index == 0 { "" } else { " " });
            self.name(name);
        }
        self.text.push('>');
    }

    /// A name, in quotes where it could be taken for something else.
    fn name(&mut self, name: &str) {
        if name.chars().all(|letter| letter.is_alphanumeric() || letter == '_') {
            self.text.push_str(name);
        } else {
            self.text.push_str(&format!("{name:?}"));
        }
    }
}
