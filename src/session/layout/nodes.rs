//! Types as they were traced.

use std::collections::BTreeMap;

/// A type as it was traced.
pub(super) struct Traced {
    pub(super) root: Node,
    pub(super) definitions: Definitions,
}

/// Structs and enums by the name of their visitor, which tells types of one name in two modules apart.
pub(super) type Definitions = BTreeMap<&'static str, Definition>;

/// What stands at one place of a type.
#[derive(Clone, Default, PartialEq)]
pub(super) enum Node {
    /// Nothing was read here.
    #[default]
    Unknown,
    /// A value without parts, by its name.
    Leaf(&'static str),
    Option(Box<Node>),
    List(Box<Node>),
    Map(Box<(Node, Node)>),
    Tuple(Vec<Node>),
    /// A struct or an enum.
    Named(&'static str),
}

#[derive(Clone)]
pub(super) enum Definition {
    Struct(Fields),
    Enum(Variants),
}

/// The fields of a struct or variant. With `#[serde(alias)]` there are more names than fields.
#[derive(Clone)]
pub(super) struct Fields {
    pub(super) names: &'static [&'static str],
    pub(super) nodes: Vec<Node>,
}

#[derive(Clone)]
pub(super) struct Variants {
    pub(super) names: &'static [&'static str],
    pub(super) variants: Vec<Variant>,
}

#[derive(Clone, Default)]
pub(super) struct Variant {
    /// What the variant holds, once it was read.
    pub(super) payload: Option<Payload>,
    /// Whether the variant is being read.
    pub(super) is_open: bool,
}

#[derive(Clone)]
pub(super) enum Payload {
    Unit,
    Newtype(Node),
    Tuple(Vec<Node>),
    Struct(Fields),
}

impl Payload {
    pub(super) fn nodes(&self) -> &[Node] {
        match self {
            Self::Unit => &[],
            Self::Newtype(node) => std::slice::from_ref(node),
            Self::Tuple(nodes) | Self::Struct(Fields { nodes, .. }) => nodes,
        }
    }
}

/// The search for variants that were not read yet. It goes neither into what is being read nor twice into
/// anything else.
pub(super) struct Unread<'a> {
    pub(super) definitions: &'a Definitions,
    /// The names that are left out.
    pub(super) seen: Vec<&'static str>,
}

impl Unread<'_> {
    /// Whether one of the places leads to an unread variant.
    pub(super) fn is_within(&mut self, nodes: &[Node]) -> bool {
        nodes.iter().any(|node| match node {
            Node::Unknown | Node::Leaf(_) => false,
            Node::Option(inner) | Node::List(inner) => self.is_within(std::slice::from_ref(inner)),
            Node::Map(inner) => {
                self.is_within(std::slice::from_ref(&inner.0))
                    || self.is_within(std::slice::from_ref(&inner.1))
            }
            Node::Tuple(nodes) => self.is_within(nodes),
            Node::Named(name) => self.is_within_named(name),
        })
    }

    fn is_within_named(&mut self, name: &'static str) -> bool {
        if self.seen.contains(&name) {
            return false;
        }
        self.seen.push(name);
        match self.definitions.get(name) {
            None => false,
            Some(Definition::Struct(fields)) => self.is_within(&fields.nodes),
            Some(Definition::Enum(found)) => found.variants.iter().any(|variant| self.is_in(variant)),
        }
    }

    /// Whether the variant is unread, or leads to one.
    pub(super) fn is_in(&mut self, variant: &Variant) -> bool {
        !variant.is_open && variant.payload.as_ref().is_none_or(|payload| self.is_within(payload.nodes()))
    }
}
