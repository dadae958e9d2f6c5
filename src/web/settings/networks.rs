//! Networks in settings: a list in a file, or one text with commas, which fits a variable.

use std::fmt;

use ipnet::IpNet;
use serde::Deserializer;
use serde::de::{Error, SeqAccess, Unexpected, Visitor};

/// Reads a list of networks, or a text that holds them with commas between.
pub(super) fn list<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<IpNet>, D::Error> {
    deserializer.deserialize_any(Networks)
}

struct Networks;

impl<'de> Visitor<'de> for Networks {
    type Value = Vec<IpNet>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("networks such as \"10.0.0.0/8\", in a list or with commas between")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        text.split(',').map(network).collect()
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut networks = Vec::new();
        while let Some(item) = items.next_element::<String>()? {
            networks.push(network(&item)?);
        }
        Ok(networks)
    }
}

/// An address alone would be a network of one host by a guess, so it is refused like any other text.
fn network<E: Error>(text: &str) -> Result<IpNet, E> {
    let text = text.trim();
    text.parse().map_err(|_| E::invalid_value(Unexpected::Str(text), &Networks))
}
