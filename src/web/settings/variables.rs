//! Settings as environment variables: each is a text, and its name says which setting it is.

use std::collections::BTreeMap;
use std::ffi::OsStr;

use serde::de::value::{Error, MapDeserializer};
use serde::de::{DeserializeOwned, Deserializer, IntoDeserializer, Unexpected, Visitor};
use serde::{de, forward_to_deserialize_any};

use super::error::SettingsError;

/// The text that stands for a setting that is off.
const NONE: &str = "none";

/// The settings of one section by their lower-case names.
#[derive(Default)]
pub(super) struct Section(BTreeMap<String, Variable>);

struct Variable {
    name: String,
    text: String,
}

/// The variables that begin with `prefix`, by these sections.
pub(super) fn sections<N: AsRef<OsStr>, V: AsRef<OsStr>, const COUNT: usize>(
    prefix: &str,
    names: [&str; COUNT],
    variables: impl IntoIterator<Item = (N, V)>,
) -> Result<[Section; COUNT], SettingsError> {
    let starts = names.map(|name| format!("{prefix}{}_", name.to_ascii_uppercase()));
    let mut sections = [(); COUNT].map(|()| Section::default());
    for (name, text) in of_prefix(prefix, variables)? {
        let place = starts.iter().position(|start| name.starts_with(start));
        let Some((start, section)) = place.and_then(|nth| Some((starts.get(nth)?, sections.get_mut(nth)?)))
        else {
            let starts = starts.join("`, `");
            return Err(refused(&name, format!("no such setting; settings begin with one of `{starts}`")));
        };
        let setting = name.split_at(start.len()).1.to_ascii_lowercase();
        section.0.insert(setting, Variable { name, text });
    }
    Ok(sections)
}

/// The variables that begin with `prefix`, in the order of their names.
fn of_prefix<N: AsRef<OsStr>, V: AsRef<OsStr>>(
    prefix: &str,
    variables: impl IntoIterator<Item = (N, V)>,
) -> Result<BTreeMap<String, String>, SettingsError> {
    let mut sorted = BTreeMap::new();
    for (name, text) in variables {
        // A name that is no UTF-8 is none of ours.
        let Some(name) = name.as_ref().to_str().filter(|name| name.starts_with(prefix)) else { continue };
        let text = text.as_ref().to_str().ok_or_else(|| refused(name, "is not UTF-8"))?;
        sorted.insert(name.to_owned(), text.to_owned());
    }
    Ok(sorted)
}

impl Section {
    /// Each variable is read alone first, so that an error can name it. All settings have defaults.
    pub(super) fn read<T: DeserializeOwned>(self) -> Result<T, SettingsError> {
        for (setting, variable) in &self.0 {
            deserialize::<T>([(setting, variable)]).map_err(|problem| refused(&variable.name, problem))?;
        }
        deserialize(&self.0).map_err(|problem| {
            let names: Vec<_> = self.0.values().map(|variable| variable.name.as_str()).collect();
            refused(&names.join("`, `"), problem)
        })
    }
}

fn deserialize<'a, T: DeserializeOwned>(
    settings: impl IntoIterator<Item = (&'a String, &'a Variable)>,
) -> Result<T, Error> {
    let settings = settings.into_iter().map(|(setting, variable)| (setting.as_str(), Text(&variable.text)));
    T::deserialize(MapDeserializer::new(settings))
}

fn refused(name: &str, problem: impl ToString) -> SettingsError {
    SettingsError::Variable { name: name.to_owned(), problem: problem.to_string() }
}

/// A text that is read as whatever the setting wants: a number, a truth, a word.
#[derive(Clone, Copy)]
struct Text<'a>(&'a str);

impl<'de> IntoDeserializer<'de, Error> for Text<'_> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

macro_rules! numbers {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            match self.0.parse() {
                Ok(number) => visitor.visit_u64(number),
                Err(_) => Err(de::Error::invalid_value(Unexpected::Str(self.0), &"a whole number")),
            }
        }
    )*};
}

impl<'de> Deserializer<'de> for Text<'_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_str(self.0)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0.parse() {
            Ok(truth) => visitor.visit_bool(truth),
            Err(_) => Err(de::Error::invalid_value(Unexpected::Str(self.0), &"`true` or `false`")),
        }
    }

    numbers!(deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64);

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.0 == NONE { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_enum(self.0.into_deserializer())
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 u128 f32 f64 char str string bytes byte_buf unit unit_struct newtype_struct seq
        tuple tuple_struct map struct identifier ignored_any
    }
}
