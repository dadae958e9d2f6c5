//! The deserializer that traces: it gives samples, and notes at each place what was asked for.

use std::any::type_name;

use serde::Deserializer;
use serde::de::value::U32Deserializer;
use serde::de::{
    DeserializeSeed, EnumAccess, IntoDeserializer, MapAccess, SeqAccess, VariantAccess, Visitor,
};

use super::nodes::{Fields, Node, Payload};
use super::samples::{BYTES, FILLING, NUMBERS, TEXTS};
use super::stopped::Stopped;
use super::trace::{Opened, Trace};

/// A place of the type that is being read.
pub(super) struct Place<'a> {
    pub(super) trace: &'a mut Trace,
    pub(super) node: &'a mut Node,
}

impl Place<'_> {
    /// Notes a value without parts, and chooses one of its samples.
    fn leaf<S: Copy>(self, name: &'static str, samples: &[S]) -> Result<S, Stopped> {
        *self.node = Node::Leaf(name);
        self.trace.visit()?;
        Ok(samples[self.trace.choose(samples.len())])
    }

    /// Reads so many elements.
    fn elements<'de, V: Visitor<'de>>(
        trace: &mut Trace,
        visitor: V,
        left: usize,
    ) -> Result<(V::Value, Vec<Node>), Stopped> {
        trace.enter()?;
        let mut nodes = Vec::new();
        let value = visitor.visit_seq(Elements { trace, nodes: &mut nodes, left })?;
        trace.leave();
        Ok((value, nodes))
    }

    /// How many elements a list or map is read with.
    fn few(&self) -> usize {
        usize::from(!self.trace.is_ending)
    }
}

macro_rules! leaves {
    ($($method:ident, $visit:ident: $name:literal = $samples:expr;)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stopped> {
            let sample = self.leaf($name, $samples)?;
            visitor.$visit(sample.into())
        }
    )*};
}

impl<'de> Deserializer<'de> for Place<'_> {
    type Error = Stopped;

    leaves! {
        deserialize_bool, visit_bool: "bool" = &[false, true];
        deserialize_i16, visit_i16: "i16" = &NUMBERS;
        deserialize_i32, visit_i32: "i32" = &NUMBERS;
        deserialize_i64, visit_i64: "i64" = &NUMBERS;
        deserialize_i128, visit_i128: "i128" = &NUMBERS;
        deserialize_i8, visit_i8: "i8" = &[1_i8, 0];
        deserialize_u8, visit_u8: "u8" = &NUMBERS;
        deserialize_u16, visit_u16: "u16" = &NUMBERS;
        deserialize_u32, visit_u32: "u32" = &NUMBERS;
        deserialize_u64, visit_u64: "u64" = &NUMBERS;
        deserialize_u128, visit_u128: "u128" = &NUMBERS;
        deserialize_f32, visit_f32: "f32" = &NUMBERS;
        deserialize_f64, visit_f64: "f64" = &NUMBERS;
        deserialize_char, visit_char: "char" = &['a', '1'];
        deserialize_str, visit_str: "String" = &TEXTS;
        deserialize_string, visit_string: "String" = &TEXTS;
    }

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Stopped> {
        Err(Stopped::Untraceable)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Stopped> {
        Err(Stopped::Untraceable)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Stopped> {
        Err(Stopped::Untraceable)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stopped> {
        let length = self.leaf("Bytes", &BYTES)?;
        visitor.visit_bytes(&FILLING[..length])
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stopped> {
        let length = self.leaf("Bytes", &BYTES)?;
        visitor.visit_byte_buf(FILLING[..length].to_vec())
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stopped> {
        self.trace.enter()?;
        let mut node = Node::Unknown;
        let value = if self.trace.is_ending {
            visitor.visit_none()?
        } else {
            visitor.visit_some(Place { trace: self.trace, node: &mut node })?
        };
        self.trace.leave();
        *self.node = Node::Option(Box::new(node));
        Ok(value)
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stopped> {
        *self.node = Node::Leaf("()");
        self.trace.visit()?;
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Stopped> {
        self.deserialize_unit(visitor)
    }

    /// A newtype has the layout of what it holds.
    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Stopped> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stopped> {
        let few = self.few();
        let (value, mut nodes) = Self::elements(self.trace, visitor, few)?;
        *self.node = Node::List(Box::new(nodes.pop().unwrap_or_default()));
        Ok(value)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, length: usize, visitor: V) -> Result<V::Value, Stopped> {
        let (value, nodes) = Self::elements(self.trace, visitor, length)?;
        *self.node = Node::Tuple(nodes);
        Ok(value)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, Stopped> {
        self.deserialize_tuple(length, visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stopped> {
        let left = self.few();
        self.trace.enter()?;
        let mut nodes = (Node::Unknown, Node::Unknown);
        let value = visitor.visit_map(Entries { trace: self.trace, nodes: &mut nodes, left })?;
        self.trace.leave();
        *self.node = Node::Map(Box::new(nodes));
        Ok(value)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Stopped> {
        let name = type_name::<V>();
        *self.node = Node::Named(name);
        let was_ending = self.trace.open_struct(name);
        let (value, nodes) = Self::elements(self.trace, visitor, names.len())?;
        self.trace.close_struct(name, Fields { names, nodes }, was_ending);
        Ok(value)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Stopped> {
        let name = type_name::<V>();
        *self.node = Node::Named(name);
        self.trace.enter()?;
        let opened = self.trace.open_variant(name, names)?;
        let mut payload = Payload::Unit;
        let value =
            visitor.visit_enum(Chosen { trace: self.trace, payload: &mut payload, opened: &opened })?;
        self.trace.close_variant(&opened, payload);
        self.trace.leave();
        Ok(value)
    }

    /// As postcard answers.
    fn is_human_readable(&self) -> bool {
        false
    }
}

/// The elements of a list, tuple or struct.
struct Elements<'a> {
    trace: &'a mut Trace,
    nodes: &'a mut Vec<Node>,
    left: usize,
}

impl<'de> SeqAccess<'de> for Elements<'_> {
    type Error = Stopped;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Stopped> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        let mut node = Node::Unknown;
        let value = seed.deserialize(Place { trace: self.trace, node: &mut node })?;
        self.nodes.push(node);
        Ok(Some(value))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.left)
    }
}

/// The entries of a map.
struct Entries<'a> {
    trace: &'a mut Trace,
    nodes: &'a mut (Node, Node),
    left: usize,
}

impl<'de> MapAccess<'de> for Entries<'_> {
    type Error = Stopped;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Stopped> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        seed.deserialize(Place { trace: self.trace, node: &mut self.nodes.0 }).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Stopped> {
        seed.deserialize(Place { trace: self.trace, node: &mut self.nodes.1 })
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.left)
    }
}

/// The variant that is read.
struct Chosen<'a> {
    trace: &'a mut Trace,
    payload: &'a mut Payload,
    opened: &'a Opened,
}

impl<'de> EnumAccess<'de> for Chosen<'_> {
    type Error = Stopped;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Stopped> {
        let index = u32::try_from(self.opened.index).map_err(|_| Stopped::Untraceable)?;
        let index: U32Deserializer<Stopped> = index.into_deserializer();
        let variant = seed.deserialize(index).map_err(|_| self.trace.lacks(self.opened))?;
        Ok((variant, self))
    }
}

impl<'de> VariantAccess<'de> for Chosen<'_> {
    type Error = Stopped;

    fn unit_variant(self) -> Result<(), Stopped> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Stopped> {
        let mut node = Node::Unknown;
        let value = seed.deserialize(Place { trace: self.trace, node: &mut node })?;
        *self.payload = Payload::Newtype(node);
        Ok(value)
    }

    fn tuple_variant<V: Visitor<'de>>(self, length: usize, visitor: V) -> Result<V::Value, Stopped> {
        let (value, nodes) = Place::elements(self.trace, visitor, length)?;
        *self.payload = Payload::Tuple(nodes);
        Ok(value)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Stopped> {
        let (value, nodes) = Place::elements(self.trace, visitor, names.len())?;
        *self.payload = Payload::Struct(Fields { names, nodes });
        Ok(value)
    }
}
