//! The stream that keeps the events: looked for, and made if there is none.

use std::time::Duration;

use async_nats::{Client, RequestErrorKind};
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::Fault;

/// The server's code for a stream that is not there.
const NO_STREAM: u32 = 10059;

/// What a stream is to be like if it has to be made.
pub(super) struct Wanted {
    pub(super) name: String,
    pub(super) subject: String,
    pub(super) window: Duration,
    pub(super) replicas: u64,
}

#[derive(Deserialize)]
struct Answer {
    error: Option<Fault>,
    config: Option<Found>,
}

/// What the stream is like.
#[derive(Deserialize)]
struct Found {
    storage: String,
    num_replicas: u64,
    /// Nanoseconds.
    duplicate_window: u64,
}

/// Looks for the stream, makes it if there is none, and says what it promises. The error says what to do.
pub(super) async fn find_or_make(client: &Client, wanted: &Wanted, name: &str) -> Result<(), String> {
    let found = match ask(client, "INFO", wanted, &json!({}), name).await? {
        Answer { error: Some(fault), .. } if fault.err_code == Some(NO_STREAM) => {
            ask(client, "CREATE", wanted, &configuration(wanted), name).await?
        }
        found => found,
    };
    match found {
        Answer { config: Some(found), .. } => {
            tell(&found, wanted, name);
            Ok(())
        }
        Answer { error: Some(fault), .. } => {
            Err(format!("{name}: the stream `{}` cannot be had: {}", wanted.name, fault.description))
        }
        _ => Err(format!("{name}: what answers here is no JetStream")),
    }
}

async fn ask(
    client: &Client,
    deed: &str,
    wanted: &Wanted,
    what: &Value,
    name: &str,
) -> Result<Answer, String> {
    let subject = format!("$JS.API.STREAM.{deed}.{}", wanted.name);
    let answer = client.request(subject, what.to_string().into()).await.map_err(|error| match error.kind() {
        RequestErrorKind::NoResponders => {
            format!("{name} has no JetStream: start it with `--jetstream`, or let this user into an account that has it")
        }
        _ => format!(
            "{name} says nothing of the stream `{}` ({error}): let the user publish to `$JS.API.STREAM.>` and \
             subscribe to `_INBOX.>`",
            wanted.name
        ),
    })?;
    serde_json::from_slice(&answer.payload).map_err(|_| format!("{name}: what answers here is no JetStream"))
}

fn configuration(wanted: &Wanted) -> Value {
    json!({
        "name": wanted.name,
        "subjects": [format!("{}.>", wanted.subject)],
        "retention": "limits",
        "storage": "file",
        "discard": "old",
        "max_consumers": -1,
        "max_msgs": -1,
        "max_bytes": -1,
        "max_age": 0,
        "num_replicas": wanted.replicas,
        "duplicate_window": u64::try_from(wanted.window.as_nanos()).unwrap_or(u64::MAX),
    })
}

/// What an operator should know of the stream: how long ids are remembered, and what a crash may cost.
fn tell(found: &Found, wanted: &Wanted, name: &str) {
    let (stream, window) = (&wanted.name, Duration::from_nanos(found.duplicate_window));
    tracing::info!(
        "{name}: the stream `{stream}` drops what comes again within {window:?}, and later repeats stand in it \
         twice, with the same id"
    );
    if found.storage == "memory" {
        tracing::warn!("{name}: the stream `{stream}` is kept in memory: a restart of the server loses it");
    } else if found.num_replicas < 3 {
        tracing::warn!(
            "{name}: the stream `{stream}` has {} of the 3 copies that survive the loss of a server, and NATS \
             acknowledges before the disk has an event: by default it syncs every 2 minutes (`sync_interval`, \
             which no client can read). After a crash of that machine deliver again what was recorded since, by \
             `projector relay replay --from`",
            found.num_replicas
        );
    }
}
