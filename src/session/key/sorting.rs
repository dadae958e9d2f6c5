//! The serializer that sorts: it hands everything on to that of an encoding, and holds the entries of maps
//! and sets back until they can be written in order.

use std::any::type_name;
use std::marker::PhantomData;

use serde::ser::{
    Error, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant,
};
use serde::{Serialize, Serializer};

use super::sorted::{Part, Sorted, Watch};

/// Why an entry of a map or set is refused.
const UNENCODABLE: &str = "an entry cannot be encoded";

struct Sorting<'a, S, P> {
    inner: S,
    watch: &'a Watch,
    /// The name of the type that is being serialized.
    name: &'static str,
    part: PhantomData<P>,
}

/// The fields or elements of something that has an order.
struct InOrder<'a, C, P> {
    inner: C,
    watch: &'a Watch,
    part: PhantomData<P>,
}

/// The elements of a list, or of a set, which are gathered first.
enum Elements<'a, S: Serializer, P> {
    List(InOrder<'a, S::SerializeSeq, P>),
    Set { inner: S, watch: &'a Watch, parts: Vec<P> },
}

/// The entries of a map, gathered first.
struct Entries<'a, S, P> {
    inner: S,
    watch: &'a Watch,
    key: Option<P>,
    parts: Vec<(P, P)>,
}

impl<T: Serialize + ?Sized, P: Part> Serialize for Sorted<'_, T, P> {
    fn serialize<S: Serializer>(&self, inner: S) -> Result<S::Ok, S::Error> {
        let Self { value, watch, .. } = *self;
        watch.count_part();
        value.serialize(Sorting::<S, P> { inner, watch, name: type_name::<T>(), part: PhantomData })
    }
}

/// Values without parts are handed on as they are.
macro_rules! hand_on {
    ($($method:ident($($of:ty),*);)*) => {$(
        hand_on!(@ $method $($of)*);
    )*};
    (@ $method:ident $of:ty) => {
        fn $method(self, value: $of) -> Result<S::Ok, S::Error> {
            self.inner.$method(value)
        }
    };
    (@ $method:ident) => {
        fn $method(self) -> Result<S::Ok, S::Error> {
            self.inner.$method()
        }
    };
}

impl<'a, S: Serializer, P: Part> Serializer for Sorting<'a, S, P> {
    type Ok = S::Ok;
    type Error = S::Error;
    type SerializeSeq = Elements<'a, S, P>;
    type SerializeTuple = InOrder<'a, S::SerializeTuple, P>;
    type SerializeTupleStruct = InOrder<'a, S::SerializeTupleStruct, P>;
    type SerializeTupleVariant = InOrder<'a, S::SerializeTupleVariant, P>;
    type SerializeMap = Entries<'a, S, P>;
    type SerializeStruct = InOrder<'a, S::SerializeStruct, P>;
    type SerializeStructVariant = InOrder<'a, S::SerializeStructVariant, P>;

    hand_on! {
        serialize_bool(bool);
        serialize_i8(i8);
        serialize_i16(i16);
        serialize_i32(i32);
        serialize_i64(i64);
        serialize_i128(i128);
        serialize_u8(u8);
        serialize_u16(u16);
        serialize_u32(u32);
        serialize_u64(u64);
        serialize_u128(u128);
        serialize_f32(f32);
        serialize_f64(f64);
        serialize_char(char);
        serialize_str(&str);
        serialize_bytes(&[u8]);
        serialize_none();
        serialize_unit();
        serialize_unit_struct(&'static str);
    }

    fn is_human_readable(&self) -> bool {
        self.inner.is_human_readable()
    }

    fn collect_str<T: std::fmt::Display + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        self.inner.collect_str(value)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        self.inner.serialize_some(&Sorted::<T, P>::new(value, self.watch))
    }

    fn serialize_unit_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
    ) -> Result<S::Ok, S::Error> {
        self.inner.serialize_unit_variant(name, index, variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<S::Ok, S::Error> {
        self.inner.serialize_newtype_struct(name, &Sorted::<T, P>::new(value, self.watch))
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<S::Ok, S::Error> {
        let value = Sorted::<T, P>::new(value, self.watch);
        self.inner.serialize_newtype_variant(name, index, variant, &value)
    }

    fn serialize_seq(self, length: Option<usize>) -> Result<Self::SerializeSeq, S::Error> {
        if self.watch.is_set(self.name) {
            return Ok(Elements::Set { inner: self.inner, watch: self.watch, parts: Vec::new() });
        }
        Ok(Elements::List(InOrder::new(self.inner.serialize_seq(length)?, self.watch)))
    }

    fn serialize_tuple(self, length: usize) -> Result<Self::SerializeTuple, S::Error> {
        Ok(InOrder::new(self.inner.serialize_tuple(length)?, self.watch))
    }

    fn serialize_tuple_struct(
        self,
        name: &'static str,
        length: usize,
    ) -> Result<Self::SerializeTupleStruct, S::Error> {
        Ok(InOrder::new(self.inner.serialize_tuple_struct(name, length)?, self.watch))
    }

    fn serialize_tuple_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        length: usize,
    ) -> Result<Self::SerializeTupleVariant, S::Error> {
        Ok(InOrder::new(self.inner.serialize_tuple_variant(name, index, variant, length)?, self.watch))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, S::Error> {
        Ok(Entries { inner: self.inner, watch: self.watch, key: None, parts: Vec::new() })
    }

    fn serialize_struct(self, name: &'static str, length: usize) -> Result<Self::SerializeStruct, S::Error> {
        Ok(InOrder::new(self.inner.serialize_struct(name, length)?, self.watch))
    }

    fn serialize_struct_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        length: usize,
    ) -> Result<Self::SerializeStructVariant, S::Error> {
        Ok(InOrder::new(self.inner.serialize_struct_variant(name, index, variant, length)?, self.watch))
    }
}

impl<'a, C, P> InOrder<'a, C, P> {
    fn new(inner: C, watch: &'a Watch) -> Self {
        Self { inner, watch, part: PhantomData }
    }
}

/// What has elements in an order.
macro_rules! elements_in_order {
    ($($Trait:ident::$method:ident;)*) => {$(
        impl<C: $Trait, P: Part> $Trait for InOrder<'_, C, P> {
            type Ok = C::Ok;
            type Error = C::Error;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), C::Error> {
                self.inner.$method(&Sorted::<T, P>::new(value, self.watch))
            }

            fn end(self) -> Result<C::Ok, C::Error> {
                self.inner.end()
            }
        }
    )*};
}

elements_in_order! {
    SerializeSeq::serialize_element;
    SerializeTuple::serialize_element;
    SerializeTupleStruct::serialize_field;
    SerializeTupleVariant::serialize_field;
}

/// What has fields with names, some of which may be left out.
macro_rules! fields_in_order {
    ($($Trait:ident;)*) => {$(
        impl<C: $Trait, P: Part> $Trait for InOrder<'_, C, P> {
            type Ok = C::Ok;
            type Error = C::Error;

            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                name: &'static str,
                value: &T,
            ) -> Result<(), C::Error> {
                self.inner.serialize_field(name, &Sorted::<T, P>::new(value, self.watch))
            }

            fn skip_field(&mut self, name: &'static str) -> Result<(), C::Error> {
                self.watch.skip(name);
                self.inner.skip_field(name)
            }

            fn end(self) -> Result<C::Ok, C::Error> {
                self.inner.end()
            }
        }
    )*};
}

fields_in_order! {
    SerializeStruct;
    SerializeStructVariant;
}

impl<S: Serializer, P: Part> SerializeSeq for Elements<'_, S, P> {
    type Ok = S::Ok;
    type Error = S::Error;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), S::Error> {
        match self {
            Self::List(list) => list.serialize_element(value),
            Self::Set { watch, parts, .. } => {
                parts.push(part(value, watch)?);
                Ok(())
            }
        }
    }

    fn end(self) -> Result<S::Ok, S::Error> {
        match self {
            Self::List(list) => list.end(),
            Self::Set { inner, mut parts, .. } => {
                parts.sort_unstable();
                inner.collect_seq(parts)
            }
        }
    }
}

impl<S: Serializer, P: Part> SerializeMap for Entries<'_, S, P> {
    type Ok = S::Ok;
    type Error = S::Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), S::Error> {
        self.key = Some(part(key, self.watch)?);
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), S::Error> {
        let key = self.key.take().ok_or_else(|| S::Error::custom("a value came without its key"))?;
        self.parts.push((key, part(value, self.watch)?));
        Ok(())
    }

    fn end(mut self) -> Result<S::Ok, S::Error> {
        self.parts.sort_unstable();
        self.inner.collect_map(self.parts)
    }
}

fn part<T: Serialize + ?Sized, P: Part, E: Error>(value: &T, watch: &Watch) -> Result<P, E> {
    P::of(&Sorted::new(value, watch)).ok_or_else(|| E::custom(UNENCODABLE))
}
