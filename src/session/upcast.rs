//! Older layouts of stored bytes, read as today's.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::strict::canonical;
use super::{
    Assurance, Content, DecodeError, Encoded, Event, Flash, FlashAdded, SettingsChanged, StoredTimeouts,
    Superseded, Timeouts, TokenHash, UserId, Value, ValueSet,
};
use time::OffsetDateTime;

/// The event of today for one of an older shape; none for a kind and shape that no version wrote.
pub(super) fn upcast(encoded: &Encoded) -> Option<Result<Event, DecodeError>> {
    match (encoded.kind(), encoded.shape()) {
        (kind @ "value_set", 1) => Some(
            canonical::<ValueSetShape1>(kind, 1, encoded.payload()).map(|old| Event::ValueSet(old.into())),
        ),
        (kind @ "flash_added", 1) => Some(
            canonical::<FlashAddedShape1>(kind, 1, encoded.payload())
                .map(|old| Event::FlashAdded(old.into())),
        ),
        (kind @ "settings_changed", 1) => Some(
            canonical::<SettingsChangedShape1>(kind, 1, encoded.payload())
                .map(|old| Event::SettingsChanged(SettingsChanged::new(old.timeouts))),
        ),
        _ => None,
    }
}

/// Whether the event is of an older shape that is read.
pub(super) fn is_older(encoded: &Encoded) -> bool {
    matches!((encoded.kind(), encoded.shape()), ("value_set" | "flash_added" | "settings_changed", 1))
}

/// Shape 1 of `value_set`.
#[derive(Serialize, Deserialize)]
struct ValueSetShape1 {
    key: String,
    value: ValueShape1,
}

/// A value before its form was said.
#[derive(Serialize, Deserialize)]
pub(super) struct ValueShape1 {
    shape: u16,
    bytes: Bytes,
}

/// Shape 1 of `flash_added`: messages had no level.
#[derive(Serialize, Deserialize)]
struct FlashAddedShape1 {
    queue: String,
    message: String,
}

/// Shape 1 of `settings_changed`: there were no settings but time limits.
#[derive(Serialize, Deserialize)]
struct SettingsChangedShape1 {
    timeouts: StoredTimeouts,
}

/// Shape 4 of the state column: there were no settings but time limits, nobody knew when a token was offered,
/// and sessions remembered no clients and no device.
#[derive(Serialize, Deserialize)]
pub(super) struct ContentShape4 {
    #[serde(with = "super::stored_timeouts")]
    timeouts: Timeouts,
    methods: Vec<String>,
    assurance: Assurance,
    impersonated: Option<UserId>,
    offered: Option<TokenHash>,
    values: BTreeMap<String, Value>,
    flashes: BTreeMap<String, Vec<Flash>>,
    #[serde(with = "super::stored_superseded::moment")]
    renewed_at: Option<OffsetDateTime>,
    #[serde(with = "super::stored_superseded")]
    earlier: Vec<Superseded>,
}

/// Shape 3 of the state column: messages had no level.
#[derive(Serialize, Deserialize)]
pub(super) struct ContentShape3 {
    #[serde(with = "super::stored_timeouts")]
    timeouts: Timeouts,
    methods: Vec<String>,
    assurance: Assurance,
    impersonated: Option<UserId>,
    offered: Option<TokenHash>,
    values: BTreeMap<String, Value>,
    flashes: BTreeMap<String, Vec<String>>,
    #[serde(with = "super::stored_superseded::moment")]
    renewed_at: Option<OffsetDateTime>,
    #[serde(with = "super::stored_superseded")]
    earlier: Vec<Superseded>,
}

/// Shape 2 of the state column: values did not say their form.
#[derive(Serialize, Deserialize)]
pub(super) struct ContentShape2 {
    #[serde(with = "super::stored_timeouts")]
    timeouts: Timeouts,
    methods: Vec<String>,
    assurance: Assurance,
    impersonated: Option<UserId>,
    offered: Option<TokenHash>,
    values: BTreeMap<String, ValueShape1>,
    flashes: BTreeMap<String, Vec<String>>,
    #[serde(with = "super::stored_superseded::moment")]
    renewed_at: Option<OffsetDateTime>,
    #[serde(with = "super::stored_superseded")]
    earlier: Vec<Superseded>,
}

/// Shape 1 of the state column: a session remembered one superseded token, which stands in columns of the
/// row.
#[derive(Serialize, Deserialize)]
pub(super) struct ContentShape1 {
    timeouts: StoredTimeouts,
    methods: Vec<String>,
    assurance: Assurance,
    impersonated: Option<UserId>,
    offered: Option<TokenHash>,
    values: BTreeMap<String, ValueShape1>,
    flashes: BTreeMap<String, Vec<String>>,
}

impl From<ValueShape1> for Value {
    fn from(ValueShape1 { shape, bytes }: ValueShape1) -> Self {
        Self::new(shape, bytes)
    }
}

impl From<ValueSetShape1> for ValueSet {
    fn from(ValueSetShape1 { key, value }: ValueSetShape1) -> Self {
        Self { key, value: value.into() }
    }
}

impl From<FlashAddedShape1> for FlashAdded {
    fn from(FlashAddedShape1 { queue, message }: FlashAddedShape1) -> Self {
        Self { queue, message: message.into() }
    }
}

impl From<ContentShape4> for Content {
    fn from(old: ContentShape4) -> Self {
        let ContentShape4 { timeouts, methods, assurance, impersonated, offered, .. } = old;
        let ContentShape4 { values, flashes, renewed_at, earlier, .. } = old;
        let old = Self { timeouts, methods, assurance, impersonated, offered, ..Self::default() };
        Self { values, flashes, renewed_at, earlier, ..old }
    }
}

impl From<ContentShape3> for Content {
    fn from(old: ContentShape3) -> Self {
        let ContentShape3 { timeouts, methods, assurance, impersonated, offered, .. } = old;
        let ContentShape3 { values, flashes, renewed_at, earlier, .. } = old;
        let flashes = with_levels(flashes);
        let old = Self { timeouts, methods, assurance, impersonated, offered, ..Self::default() };
        Self { values, flashes, renewed_at, earlier, ..old }
    }
}

impl From<ContentShape2> for Content {
    fn from(old: ContentShape2) -> Self {
        let ContentShape2 { timeouts, methods, assurance, impersonated, offered, .. } = old;
        let ContentShape2 { values, flashes, renewed_at, earlier, .. } = old;
        let (values, flashes) = (with_forms(values), with_levels(flashes));
        let old = Self { timeouts, methods, assurance, impersonated, offered, ..Self::default() };
        Self { values, flashes, renewed_at, earlier, ..old }
    }
}

impl From<ContentShape1> for Content {
    fn from(old: ContentShape1) -> Self {
        let ContentShape1 { timeouts, methods, assurance, impersonated, offered, values, flashes } = old;
        let (timeouts, values, flashes) = (timeouts.into(), with_forms(values), with_levels(flashes));
        Self { timeouts, methods, assurance, impersonated, offered, values, flashes, ..Self::default() }
    }
}

fn with_forms(values: BTreeMap<String, ValueShape1>) -> BTreeMap<String, Value> {
    values.into_iter().map(|(key, value)| (key, value.into())).collect()
}

/// A message of before has the level of a text alone.
fn with_levels(flashes: BTreeMap<String, Vec<String>>) -> BTreeMap<String, Vec<Flash>> {
    let leveled = |waiting: Vec<String>| waiting.into_iter().map(Flash::from).collect();
    flashes.into_iter().map(|(queue, waiting)| (queue, leveled(waiting))).collect()
}
