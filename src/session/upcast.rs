//! Older layouts of stored bytes, read as today's.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Assurance, Content, StoredTimeouts, TokenHash, UserId, Value};

/// Shape 1 of the state column: a session remembered one superseded token, which stands in columns of the
/// row.
#[derive(Serialize, Deserialize)]
pub(super) struct ContentShape1 {
    timeouts: StoredTimeouts,
    methods: Vec<String>,
    assurance: Assurance,
    impersonated: Option<UserId>,
    offered: Option<TokenHash>,
    values: BTreeMap<String, Value>,
    flashes: BTreeMap<String, Vec<String>>,
}

impl From<ContentShape1> for Content {
    fn from(old: ContentShape1) -> Self {
        let ContentShape1 { timeouts, methods, assurance, impersonated, offered, values, flashes } = old;
        let timeouts = timeouts.into();
        Self { timeouts, methods, assurance, impersonated, offered, values, flashes, ..Self::default() }
    }
}
