//! What is told of each kind of event. The fields' comments are descriptions in the published schema.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;
use serde_json::Value;

/// The facts of an event.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Facts {
    Started(Limits),
    LoggedIn(Proof),
    Reauthenticated(Proof),
    ValueSet(ValueSet),
    ValueRemoved(ValueRemoved),
    FlashAdded(FlashAdded),
    FlashTaken(FlashTaken),
    SettingsChanged(Settings),
    Renewed(Renewed),
    ImpersonationStarted(Impersonation),
    FactorChanged(Factor),
    GrantGiven(GrantGiven),
    GrantTaken(GrantTaken),
    ClientChanged(OtherClient),
    DeviceSeen(Device),
    Noted(Note),
    Ended(Ended),
    /// That it happened, and no more.
    Nothing(Nothing),
}

impl Facts {
    /// Leaves out the texts that people type about people.
    pub(crate) fn forget_persons(&mut self) {
        if let Self::ImpersonationStarted(started) = self {
            started.impersonation_reason = None;
        }
    }

    /// Leaves out what the keys and notes of these names are about.
    pub(crate) fn withhold(&mut self, names: &[String]) {
        match self {
            Self::ValueSet(ValueSet { key, .. }) | Self::ValueRemoved(ValueRemoved { key }) => {
                key.take_if(|key| names.contains(key));
            }
            Self::Noted(Note { name, fact, .. }) if names.contains(name) => *fact = None,
            _ => {}
        }
    }

    /// The schema of each kind's facts, by the kind's name.
    pub(crate) fn schemas(generator: &mut SchemaGenerator) -> Vec<(&'static str, Schema)> {
        vec![
            ("started", Limits::json_schema(generator)),
            ("logged_in", Proof::json_schema(generator)),
            ("reauthenticated", Proof::json_schema(generator)),
            ("value_set", ValueSet::json_schema(generator)),
            ("value_removed", ValueRemoved::json_schema(generator)),
            ("cleared", Nothing::json_schema(generator)),
            ("flash_added", FlashAdded::json_schema(generator)),
            ("flash_taken", FlashTaken::json_schema(generator)),
            ("settings_changed", Settings::json_schema(generator)),
            ("renewal_offered", Nothing::json_schema(generator)),
            ("renewed", Renewed::json_schema(generator)),
            ("impersonation_started", Impersonation::json_schema(generator)),
            ("impersonation_ended", Nothing::json_schema(generator)),
            ("client_changed", OtherClient::json_schema(generator)),
            ("device_seen", Device::json_schema(generator)),
            ("factor_changed", Factor::json_schema(generator)),
            ("grant_given", GrantGiven::json_schema(generator)),
            ("grant_taken", GrantTaken::json_schema(generator)),
            ("noted", Note::json_schema(generator)),
            ("ended", Ended::json_schema(generator)),
        ]
    }
}

/// The session's time limits.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Limits {
    /// Seconds without a request after which the session ends; null for no limit.
    pub(super) idle_timeout: Option<u32>,
    /// Seconds from the start of the session to its end; null for no limit.
    pub(super) absolute_timeout: Option<u32>,
}

/// How the user proved who they are.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Proof {
    /// The methods, by the names of RFC 8176 or of the application.
    pub(super) methods: Vec<String>,
    /// The assurance level of NIST SP 800-63B.
    #[schemars(extend("enum" = ["aal1", "aal2", "aal3"]))]
    pub(super) assurance: &'static str,
    /// When they proved it to an identity provider, if it was there.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub(super) auth_time: Option<String>,
}

/// The value itself is not told.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct ValueSet {
    /// The key's name; absent if it is withheld.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub(super) key: Option<String>,
    /// The layout number of the value.
    pub(super) value_shape: u16,
    /// The size of the encoded value.
    pub(super) value_bytes: usize,
}

/// The session holds no value of this key any more.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct ValueRemoved {
    /// The key's name; absent if it is withheld.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub(super) key: Option<String>,
}

/// The message itself is not told.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct FlashAdded {
    /// The queue's name.
    pub(super) queue: String,
    /// The level of the message.
    pub(super) level: String,
}

/// The messages were taken to be shown.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct FlashTaken {
    /// The queue's name.
    pub(super) queue: String,
}

/// The session's own settings.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Settings {
    /// Seconds; null for the limit of the policy.
    pub(super) idle_timeout: Option<u32>,
    /// Seconds; null for the limit of the policy.
    pub(super) absolute_timeout: Option<u32>,
    /// Seconds; null for the time of the policy.
    pub(super) renewal_timeout: Option<u32>,
    /// How many seconds the browser keeps the cookie; null if it forgets it when it closes.
    pub(super) remembered: Option<u32>,
}

/// The session has another token.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Renewed {
    /// For how many seconds the former token is taken, too.
    pub(super) grace: u32,
}

/// The user of the session began to act as another.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Impersonation {
    /// As whom.
    pub(super) impersonated: String,
    /// Why. A personal field: absent unless the relay tells those.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub(super) impersonation_reason: Option<String>,
}

/// A factor of the user was changed or taken away.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Factor {
    /// Which one, in the words of the application.
    pub(super) factor: String,
    /// Whether the user's other sessions end with it.
    pub(super) ends_others: bool,
}

/// The user may do one operation once.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct GrantGiven {
    /// The operation.
    pub(super) operation: String,
    /// For how many seconds.
    pub(super) seconds: u32,
}

/// The operation was done.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct GrantTaken {
    /// The operation.
    pub(super) operation: String,
}

/// The session was used from a client that it did not know.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct OtherClient {
    /// Whether the browser is another.
    pub(super) agent: bool,
    /// Whether the address is of another network.
    pub(super) network: bool,
    /// Whether the user must prove again who they are.
    pub(super) step_up: bool,
}

/// The browser of a login.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Device {
    /// The id by which the browser is known again.
    #[schemars(extend("format" = "uuid"))]
    pub(super) device: String,
    /// Whether it was not known before.
    pub(super) is_new: bool,
}

/// A fact of the application's own.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Note {
    /// The note's name.
    pub(super) name: String,
    /// The layout number of the fact.
    pub(super) shape: u16,
    /// The fact; null if it cannot be read, absent if it is withheld.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Value")]
    pub(super) fact: Option<Value>,
}

/// The session ended. Nothing follows.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Ended {
    /// Why.
    pub(super) reason: String,
    /// When the session was last seen; null after the year 9999.
    #[schemars(extend("format" = "date-time"))]
    pub(super) last_seen: Option<String>,
    /// The session whose user ended it from there.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", extend("format" = "uuid"))]
    pub(super) by_session: Option<String>,
}

/// That it happened, and no more.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Nothing {}
