//! Redis: each event an entry of a stream, one field for each attribute and `data`.
//!
//! Entries get ids of ours, which rise: the event's position in the log where the stream is not beyond it, as
//! it is when a transaction was open for long. Redis refuses an id that does not rise, so of two writers the
//! one that is behind learns of it. What the end of the stream holds already is not added again.

mod line;
mod tail;

use std::pin::Pin;
use std::time::Duration;

use redis::{Cmd, Pipeline, RedisError, Value};

use self::line::Line;
use self::tail::EntryId;
use super::address::{Address, AddressError};
use super::{Deliveries, Delivery, Sink};
use crate::envelope::Envelope;

/// The most replicas that may be waited for.
const REPLICAS_MAX: u32 = 100;

/// What an operator wants of the stream.
struct Wanted {
    key: String,
    database: i64,
    /// About how many entries the stream keeps.
    length_max: Option<u64>,
    /// How many replicas are to have an entry before it counts.
    replicas: u32,
}

/// A stream of a Redis server.
pub struct Redis {
    address: Address,
    wanted: Wanted,
    line: Option<Line>,
}

/// Without the password.
impl std::fmt::Debug for Redis {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Redis").field(&self.name()).finish()
    }
}

impl Redis {
    /// The sink at `redis://user@host:6379/0?stream=KEY&maxlen=ENTRIES&replicas=N`; `rediss://` is encrypted.
    /// It connects when it is first asked.
    ///
    /// # Errors
    ///
    /// The URL names no stream, has an unknown parameter, or holds the password.
    pub fn at(url: &str, password: Option<String>) -> Result<Self, AddressError> {
        let mut address = Address::read(url, "rediss", 6379, password)?;
        let database = match address.path.as_str() {
            "" => 0,
            number => number
                .parse()
                .map_err(|_| AddressError::Missing("the number of a database behind the slash"))?,
        };
        let length = "a number of entries, from 1";
        let replicas = address.number("replicas", 0..=REPLICAS_MAX, "a number from 0 to 100")?;
        let wanted = Wanted {
            key: address.take("stream").ok_or(AddressError::Missing("the stream: `?stream=KEY`"))?,
            database,
            length_max: address.number("maxlen", 1..=u64::MAX, length)?,
            replicas: replicas.unwrap_or(0),
        };
        address.refuse_others()?;
        Ok(Self { address, wanted, line: None })
    }

    async fn deliver(&mut self, events: &[Envelope]) -> Vec<Delivery> {
        let name = self.name();
        if self.line.is_none() {
            match Line::open(&self.address, &self.wanted, &name).await {
                Ok(line) => self.line = Some(line),
                Err(reason) => return vec![Delivery::Away(reason); events.len()],
            }
        }
        let Some(line) = &mut self.line else { return Vec::new() };
        let (plan, pipeline) = planned(&name, line, &self.wanted, self.address.timeout, events);
        let answers = if pipeline.is_empty() { Ok(Vec::new()) } else { line.ask(&pipeline).await };
        let deliveries = judged(&name, &self.wanted, &plan, answers);
        // After a doubt the end of the stream is read anew: it tells what has arrived.
        if deliveries.iter().any(|delivery| matches!(delivery, Delivery::Failed(_) | Delivery::Away(_))) {
            self.line = None;
        }
        deliveries
    }
}

impl Sink for Redis {
    fn name(&self) -> String {
        format!("Redis at {}", self.address.place())
    }

    fn publish<'a>(
        &'a mut self,
        events: &'a [Envelope],
    ) -> Pin<Box<dyn Future<Output = Deliveries> + Send + 'a>> {
        Box::pin(async move { Ok(self.deliver(events).await) })
    }
}

/// What is done about an event.
enum Plan {
    /// It is in the stream.
    There,
    /// It will never be taken, and why.
    Refused(String),
    Added,
}

/// What is sent for the events, in one go.
fn planned(
    name: &str,
    line: &mut Line,
    wanted: &Wanted,
    wait: Duration,
    events: &[Envelope],
) -> (Vec<Plan>, Pipeline) {
    let mut pipeline = redis::pipe();
    pipeline.ignore_errors();
    let mut plan = Vec::with_capacity(events.len());
    for event in events {
        if line.tail.holds(event.id()) {
            plan.push(Plan::There);
            continue;
        }
        match fitting(name, line.size_max, event) {
            Err(reason) => plan.push(Plan::Refused(reason)),
            Ok(data) => {
                let id = line.tail.next(position(event));
                pipeline.add_command(addition(wanted, id, event, &data));
                plan.push(Plan::Added);
            }
        }
    }
    if wanted.replicas > 0 && plan.iter().any(|plan| !matches!(plan, Plan::Refused(_))) {
        if plan.iter().any(|plan| matches!(plan, Plan::There)) {
            // The server waits for what this connection has written. This changes nothing, and yet it counts.
            pipeline.cmd("XSETID").arg(&wanted.key).arg(line.tail.last().to_string());
        }
        pipeline
            .cmd("WAIT")
            .arg(wanted.replicas)
            .arg(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX) / 2);
    }
    (plan, pipeline)
}

/// The event's data. The error says why it will never be taken.
fn fitting(name: &str, size_max: Option<usize>, event: &Envelope) -> Result<Vec<u8>, String> {
    let data = event.data().map_err(|error| format!("it is no JSON: {error}"))?;
    match size_max.filter(|most| data.len() > *most) {
        None => Ok(data),
        Some(most) => Err(format!(
            "too large for {name}: it has {} bytes, and the server takes {most} (`proto-max-bulk-len`)",
            data.len()
        )),
    }
}

fn addition(wanted: &Wanted, id: EntryId, event: &Envelope, data: &[u8]) -> Cmd {
    let mut command = redis::cmd("XADD");
    command.arg(&wanted.key);
    if let Some(most) = wanted.length_max {
        command.arg("MAXLEN").arg("~").arg(most);
    }
    command.arg(id.to_string());
    for (name, value) in event.attributes() {
        command.arg(name).arg(value.as_ref());
    }
    command.arg("data").arg(data);
    command
}

fn position(event: &Envelope) -> u64 {
    event.position().parse().unwrap_or_default()
}

/// One answer for each addition, and behind them that of the replicas.
fn judged(
    name: &str,
    wanted: &Wanted,
    plan: &[Plan],
    answers: Result<Vec<Result<Value, RedisError>>, RedisError>,
) -> Vec<Delivery> {
    let failed = |reason: &str| Delivery::Failed(format!("{name}: {reason}"));
    let answers = match answers {
        Ok(answers) => answers,
        Err(error) => {
            let lost = format!(
                "the connection was lost ({error}), and nobody knows whether the stream has the event"
            );
            return vec![Delivery::Away(format!("{name}: {lost}")); plan.len()];
        }
    };
    let too_few = too_few(wanted, &answers);
    let mut answers = answers.into_iter();
    let mut added = || match answers.next() {
        Some(Ok(_)) => Delivery::Acknowledged,
        Some(Err(error)) => failed(&refusal(wanted, &error)),
        None => failed("it has not answered"),
    };
    let judge = |plan: &Plan| match plan {
        Plan::Refused(reason) => Delivery::Refused(reason.clone()),
        Plan::There => Delivery::Acknowledged,
        Plan::Added => added(),
    };
    let copied = |delivery| match (&too_few, delivery) {
        (Some(reason), Delivery::Acknowledged) => Delivery::Away(format!("{name}: {reason}")),
        (_, delivery) => delivery,
    };
    plan.iter().map(judge).map(copied).collect()
}

/// Why what has been added does not count yet.
fn too_few(wanted: &Wanted, answers: &[Result<Value, RedisError>]) -> Option<String> {
    if wanted.replicas == 0 || answers.is_empty() {
        return None;
    }
    match answers.last() {
        Some(Ok(Value::Int(replicas))) if *replicas >= i64::from(wanted.replicas) => None,
        Some(Ok(Value::Int(replicas))) => {
            Some(format!("{replicas} of {} replicas have the event", wanted.replicas))
        }
        Some(Err(error)) => Some(format!("nobody knows whether the replicas have the event ({error})")),
        _ => Some("nobody knows whether the replicas have the event".to_owned()),
    }
}

/// Redis has one error for all ids that do not rise.
fn refusal(wanted: &Wanted, error: &RedisError) -> String {
    let words = error.to_string();
    if words.contains("equal or smaller") {
        return format!(
            "another writer has added to the stream `{}` meanwhile: the stream is read again, and then the event \
             is delivered unless it is there",
            wanted.key
        );
    }
    words
}
