//! Older layouts of events, read as today's. Those of a session's row are in `older_content.rs`.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::known_clients::ClientChangedShape1;
use super::microseconds::from_microseconds;
use super::strict::canonical;
use super::{
    Assurance, DecodeError, Encoded, EndReason, Ended, Event, FlashAdded, ImpersonationStarted, LoggedIn,
    Noted, Reauthenticated, SettingsChanged, StoredTimeouts, UserId, Value, ValueSet,
};

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
        (kind @ "client_changed", 1) => Some(
            canonical::<ClientChangedShape1>(kind, 1, encoded.payload())
                .map(|old| Event::ClientChanged(old.into())),
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
            | "client_changed"
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
