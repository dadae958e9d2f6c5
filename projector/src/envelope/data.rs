//! The data of an envelope: who and from where, with the facts of the kind.

use schemars::JsonSchema;
use serde::Serialize;
use session_ledger::session::{Client, Entry, Event, UserId};

use super::Telling;
use crate::facts::{Facts, facts};

/// What an event is about, and what it says.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Data {
    #[serde(flatten)]
    about: About,
    /// None for a payload that this version cannot read.
    #[serde(flatten)]
    facts: Option<Facts>,
}

/// Who and from where. The comments on the fields are descriptions in the published schema.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct About {
    /// The user that the session belongs to once the event has happened.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    user: Option<String>,
    /// Who did it, if that is not the session's user.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    actor: Option<String>,
    /// The client's address. A personal field: absent unless the relay tells those. An event that names
    /// neither an address nor a browser has the client of the latest event of its session that does.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    client_ip: Option<String>,
    /// The client's browser; empty if neither it nor the address is known. A personal field, as the address.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    user_agent: Option<String>,
}

impl Data {
    /// The data of `entry`, whose payload is `event` if it can be read.
    pub(super) fn new(entry: &Entry, event: Option<&Event>, telling: &Telling) -> Self {
        let client = entry.client.as_ref().filter(|_| telling.personal);
        let (client_ip, user_agent) = Client::columns(client);
        let mut facts = event.map(facts);
        if let Some(facts) = &mut facts {
            facts.withhold(&telling.withheld);
            if !telling.personal {
                facts.forget_persons();
            }
        }
        let user = |user: &UserId| user.as_str().to_owned();
        let about = About {
            user: entry.user.as_ref().map(user),
            actor: entry.actor.as_ref().map(user),
            client_ip: client_ip.map(|ip| ip.to_string()),
            user_agent: user_agent.map(str::to_owned),
        };
        Self { about, facts }
    }
}
