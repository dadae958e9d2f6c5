//! Older layouts of the state column, read as today's.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::extras::{ExtraState, Extras};
use super::upcast::ValueShape1;
use super::{
    Assurance, Content, DeviceId, Flash, Grant, KnownClients, Proof, StoredTimeouts, Superseded, Timeouts,
    TokenHash, UserId, Value,
};

/// Shape 5 of the state column: what optional features remember stood in fields of its own each.
#[derive(Serialize, Deserialize)]
pub(super) struct ContentShape5 {
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
    clients: KnownClients,
    step_up: bool,
    device: Option<DeviceId>,
    renewal_timeout: Option<u32>,
    remembered: Option<u32>,
    #[serde(with = "super::stored_superseded::moment")]
    remembered_at: Option<OffsetDateTime>,
    #[serde(with = "super::stored_superseded::moment")]
    offered_at: Option<OffsetDateTime>,
    #[serde(with = "super::stored_superseded::moment")]
    auth_time: Option<OffsetDateTime>,
    proofs: Vec<Proof>,
    grants: Vec<Grant>,
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

impl From<ContentShape5> for Content {
    fn from(old: ContentShape5) -> Self {
        let ContentShape5 { timeouts, methods, assurance, impersonated, offered, .. } = old;
        let ContentShape5 { values, flashes, renewed_at, earlier, clients, step_up, device, .. } = old;
        let ContentShape5 { renewal_timeout, remembered, remembered_at, offered_at, .. } = old;
        let ContentShape5 { auth_time, proofs, grants, .. } = old;
        let extras = ExtraState {
            impersonated,
            clients,
            step_up,
            device,
            renewal_timeout,
            remembered,
            remembered_at,
            offered_at,
            auth_time,
            proofs,
            grants,
        };
        let extras = extras.into();
        Self { timeouts, methods, assurance, offered, values, flashes, renewed_at, earlier, extras }
    }
}

impl From<ContentShape4> for Content {
    fn from(old: ContentShape4) -> Self {
        let ContentShape4 { timeouts, methods, assurance, impersonated, offered, .. } = old;
        let ContentShape4 { values, flashes, renewed_at, earlier, .. } = old;
        let extras = acting_as(impersonated);
        Self { timeouts, methods, assurance, offered, values, flashes, renewed_at, earlier, extras }
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
        let extras = acting_as(impersonated);
        Self { timeouts, methods, assurance, offered, values, flashes, extras, ..Self::default() }
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

/// All that sessions of before could remember of a feature that is optional.
fn acting_as(impersonated: Option<UserId>) -> Extras {
    ExtraState { impersonated, ..ExtraState::default() }.into()
}
