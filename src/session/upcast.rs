//! Older layouts of stored bytes, read as today's.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::microseconds::from_microseconds;
use super::strict::canonical;
use super::{
    Assurance, Content, DecodeError, Encoded, EndReason, Ended, Event, Flash, FlashAdded,
    ImpersonationStarted, LoggedIn, Noted, Reauthenticated, SettingsChanged, StoredTimeouts, Superseded,
    Timeouts, TokenHash, UserId, Value, ValueSet,
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
        (kind @ "logged_in", 1) => Some(
            canonical::<LoggedInShape1>(kind, 1, encoded.payload()).map(|old| Event::LoggedIn(old.into())),
        ),
        (kind @ "reauthenticated", 1) => Some(
            canonical::<ReauthenticatedShape1>(kind, 1, encoded.payload())
                .map(|old| Event::Reauthenticated(old.into())),
        ),
        (kind @ "impersonation_started", 1) => Some(
            canonical::<ImpersonationStartedShape1>(kind, 1, encoded.payload())
                .map(|old| Event::ImpersonationStarted(old.into())),
        ),
        (kind @ "noted", 1) => Some(
            canonical::<NotedShape1>(kind, 1, encoded.payload())
                .map(|old| Event::Noted(Noted::of_text(old.name, &old.text))),
        ),
        (kind @ "ended", 1) => {
            Some(canonical::<EndedShape1>(kind, 1, encoded.payload()).map(|old| Event::Ended(old.into())))
        }
        _ => None,
    }
}

/// Whether the event is of an older shape that is read.
pub(super) fn is_older(encoded: &Encoded) -> bool {
    let has_older_shape = matches!(
        encoded.kind(),
        "value_set"
            | "flash_added"
            | "settings_changed"
            | "logged_in"
            | "reauthenticated"
            | "impersonation_started"
            | "noted"
            | "ended"
    );
    has_older_shape && encoded.shape() == 1
}

/// Shape 1 of `logged_in`: no identity provider said when.
#[derive(Serialize, Deserialize)]
struct LoggedInShape1 {
    user: UserId,
    methods: Vec<String>,
    assurance: Assurance,
}

/// Shape 1 of `reauthenticated`, likewise.
#[derive(Serialize, Deserialize)]
struct ReauthenticatedShape1 {
    methods: Vec<String>,
    assurance: Assurance,
}

/// Shape 1 of `impersonation_started`: nobody was asked why.
#[derive(Serialize, Deserialize)]
struct ImpersonationStartedShape1 {
    user: UserId,
}

/// Shape 1 of `noted`: facts were texts.
#[derive(Serialize, Deserialize)]
struct NotedShape1 {
    name: String,
    text: String,
}

/// Shape 1 of `ended`: no other session was named.
#[derive(Serialize, Deserialize)]
struct EndedShape1 {
    reason: EndReason,
    last_seen: i64,
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
/// and sessions remembered no clients, no device, no earlier proofs and no grants.
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

impl From<LoggedInShape1> for LoggedIn {
    fn from(LoggedInShape1 { user, methods, assurance }: LoggedInShape1) -> Self {
        Self::new(user, methods, assurance)
    }
}

impl From<ReauthenticatedShape1> for Reauthenticated {
    fn from(ReauthenticatedShape1 { methods, assurance }: ReauthenticatedShape1) -> Self {
        Self::new(methods, assurance)
    }
}

impl From<ImpersonationStartedShape1> for ImpersonationStarted {
    fn from(ImpersonationStartedShape1 { user }: ImpersonationStartedShape1) -> Self {
        Self::new(user, String::new())
    }
}

impl From<EndedShape1> for Ended {
    fn from(EndedShape1 { reason, last_seen }: EndedShape1) -> Self {
        Self::new(reason, from_microseconds(last_seen))
    }
}

impl From<ContentShape4> for Content {
    fn from(old: ContentShape4) -> Self {
        let ContentShape4 { timeouts, methods, assurance, impersonated, offered, .. } = old;
        let ContentShape4 { values, flashes, renewed_at, earlier, .. } = old;
        let rest = Self::default();
        Self {
            timeouts,
            methods,
            assurance,
            impersonated,
            offered,
            values,
            flashes,
            renewed_at,
            earlier,
            ..rest
        }
    }
}

impl From<ContentShape3> for ContentShape4 {
    fn from(old: ContentShape3) -> Self {
        let ContentShape3 { timeouts, methods, assurance, impersonated, offered, .. } = old;
        let ContentShape3 { values, flashes, renewed_at, earlier, .. } = old;
        let flashes = with_levels(flashes);
        Self { timeouts, methods, assurance, impersonated, offered, values, flashes, renewed_at, earlier }
    }
}

impl From<ContentShape3> for Content {
    fn from(old: ContentShape3) -> Self {
        ContentShape4::from(old).into()
    }
}

impl From<ContentShape2> for Content {
    fn from(old: ContentShape2) -> Self {
        let ContentShape2 { timeouts, methods, assurance, impersonated, offered, .. } = old;
        let ContentShape2 { values, flashes, renewed_at, earlier, .. } = old;
        let values = with_forms(values);
        let newer = ContentShape3 {
            timeouts,
            methods,
            assurance,
            impersonated,
            offered,
            values,
            flashes,
            renewed_at,
            earlier,
        };
        newer.into()
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
