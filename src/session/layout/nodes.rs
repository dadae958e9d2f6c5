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
    /// Whether an enum inside has variants that were not read yet.
    pub(super) is_unfinished: bool,
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

impl Variant {
    /// Whether there is something in the variant that was not read, and can be.
    pub(super) fn is_unread(&self) -> bool {
        !self.is_open && (self.payload.is_none() || self.is_unfinished)
    }
}
