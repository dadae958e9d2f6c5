//! NATS JetStream: each event a message of a stream, in CloudEvents' binary mode.
//!
//! The stream drops a message whose `Nats-Msg-Id` came within its window (`duplicate_window`), so within that
//! window a redelivery is no second message. NATS acknowledges before it has synced to disk.
//!
//! JetStream is spoken to by plain requests: the client's own `jetstream` feature brings tokio's test clock
//! into the program.

mod answer;
mod line;
mod stream;

use std::borrow::Cow;
use std::collections::HashMap;
use std::pin::Pin;
use std::time::Duration;

use async_nats::{Client, HeaderMap, PublishErrorKind};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use tokio::time::{Instant, timeout_at};

use self::answer::judged;
use self::line::{Heard, Line};
use self::stream::Wanted;
use super::address::{Address, AddressError};
use super::{Deliveries, Delivery, Sink};
use crate::envelope::Envelope;

/// What a header's value may not hold as it is, by CloudEvents' HTTP binding, which the one of NATS follows.
const ENCODED: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'%');

/// The window of a stream that the sink makes: a relay that has died is noticed and started again meanwhile.
const WINDOW_SECONDS: u64 = 120;

/// The longest window: a day. The server keeps the ids of the window in memory.
const WINDOW_SECONDS_MAX: u64 = 86_400;

/// A cluster of NATS keeps at most five copies of a stream.
const REPLICAS_MAX: u64 = 5;

/// A stream of a NATS server.
pub struct Nats {
    address: Address,
    wanted: Wanted,
    line: Option<Line>,
}

/// Without the password.
impl std::fmt::Debug for Nats {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Nats").field(&self.name()).finish()
    }
}

impl Nats {
    /// The sink at `nats://user@host:4222/subject?stream=NAME&duplicate-window=SECONDS&replicas=N`; `tls://`
    /// is encrypted. It connects when it is first asked.
    ///
    /// # Errors
    ///
    /// The URL lacks the subject, has an unknown parameter, or holds the password.
    pub fn at(url: &str, password: Option<String>) -> Result<Self, AddressError> {
        let mut address = Address::read(url, "tls", 4222, password)?;
        let subject = address.path.clone();
        if subject.is_empty() || subject.contains(['*', '>', ' ']) {
            return Err(AddressError::Missing(
                "the subject that events are published under: nats://host:4222/sessions",
            ));
        }
        let seconds = "a number of seconds, from 1 to 86400";
        let window = address.number("duplicate-window", 1..=WINDOW_SECONDS_MAX, seconds)?;
        let wanted = Wanted {
            name: address.take("stream").unwrap_or_else(|| subject.replace('.', "_")),
            window: Duration::from_secs(window.unwrap_or(WINDOW_SECONDS)),
            replicas: address.number("replicas", 1..=REPLICAS_MAX, "a number from 1 to 5")?.unwrap_or(1),
            subject,
        };
        address.refuse_others()?;
        Ok(Self { address, wanted, line: None })
    }

    /// The open line. The error says what to do.
    async fn line(&mut self) -> Result<&mut Line, String> {
        let name = self.name();
        if self.line.is_none() {
            self.line = Some(Line::open(&self.address, &self.wanted, &name).await?);
        }
        let line = self.line.as_mut().filter(|line| line.is_up());
        line.ok_or_else(|| format!("{name} is away: its connection was lost, and is being made again"))
    }

    async fn deliver(&mut self, events: &[Envelope]) -> Vec<Delivery> {
        let (name, subject, wait) = (self.name(), self.wanted.subject.clone(), self.address.timeout);
        let line = match self.line().await {
            Ok(line) => line,
            Err(reason) => return vec![Delivery::Away(reason); events.len()],
        };
        let (call, deadline) = (line.next_call(), Instant::now() + wait);
        let mut call = Call { name, call, deliveries: vec![None; events.len()], waiting: HashMap::new() };
        for (nth, event) in events.iter().enumerate() {
            // A connection that is being made again takes no more than its queue holds.
            let sent = timeout_at(deadline, call.send(&line.client, &line.inbox, nth, event, &subject)).await;
            if sent.is_err() {
                call.deliveries[nth] = Some(call.away("the connection was lost before the event was sent"));
            }
        }
        while !call.waiting.is_empty() {
            match timeout_at(deadline, line.hear()).await {
                Ok(heard) => call.take(heard),
                Err(_) => call.miss_waiting(&format!("it has not acknowledged within {wait:?}")),
            }
        }
        call.deliveries.into_iter().flatten().collect()
    }
}

impl Sink for Nats {
    fn name(&self) -> String {
        format!("NATS at {}", self.address.place())
    }

    fn publish<'a>(
        &'a mut self,
        events: &'a [Envelope],
    ) -> Pin<Box<dyn Future<Output = Deliveries> + Send + 'a>> {
        Box::pin(async move { Ok(self.deliver(events).await) })
    }
}

/// The events of one call, and what is known of them.
struct Call {
    name: String,
    /// Distinguishes late answers of an earlier call.
    call: u64,
    deliveries: Vec<Option<Delivery>>,
    /// The subject of each event that has no answer yet.
    waiting: HashMap<usize, String>,
}

impl Call {
    async fn send(&mut self, client: &Client, inbox: &str, nth: usize, event: &Envelope, prefix: &str) {
        let data = match event.data() {
            Ok(data) => data.into(),
            Err(error) => {
                self.deliveries[nth] = Some(Delivery::Refused(format!("it is no JSON: {error}")));
                return;
            }
        };
        let kind = event.kind().rsplit('.').next().unwrap_or_default();
        let subject = format!("{prefix}.{kind}.{}", event.subject());
        let mut headers = HeaderMap::new();
        headers.insert("Nats-Msg-Id", event.id());
        for (name, value) in event.attributes() {
            headers.insert(format!("ce-{name}"), Cow::from(utf8_percent_encode(&value, ENCODED)).as_ref());
        }
        let reply = format!("{inbox}.{}.{nth}", self.call);
        match client.publish_with_reply_and_headers(subject.clone(), reply, headers, data).await {
            Ok(()) => {
                self.waiting.insert(nth, subject);
            }
            Err(error) if error.kind() == PublishErrorKind::MaxPayloadExceeded => {
                self.deliveries[nth] =
                    Some(Delivery::Refused(format!("too large for {}: {error}", self.name)));
            }
            Err(error) => self.fail(nth, &error.to_string()),
        }
    }

    fn take(&mut self, heard: Heard) {
        match heard {
            Heard::Answer { call, nth, message } if call == self.call => {
                if self.waiting.remove(&nth).is_some() {
                    self.deliveries[nth] = Some(judged(&self.name, &message));
                }
            }
            Heard::Answer { .. } => {}
            Heard::Forbidden(words) => {
                let quoted = |subject: &String| words.contains(&format!("\"{subject}\""));
                let nth = self.waiting.iter().find_map(|(nth, subject)| quoted(subject).then_some(*nth));
                if let Some(nth) = nth {
                    self.waiting.remove(&nth);
                    self.fail(nth, &words);
                }
            }
            Heard::Lost => {
                self.miss_waiting(
                    "the connection was lost, and nobody knows whether the stream has the event",
                );
            }
        }
    }

    /// What all that wait share has failed them.
    fn miss_waiting(&mut self, reason: &str) {
        for (nth, _) in std::mem::take(&mut self.waiting) {
            self.deliveries[nth] = Some(self.away(reason));
        }
    }

    fn away(&self, reason: &str) -> Delivery {
        Delivery::Away(format!("{}: {reason}", self.name))
    }

    fn fail(&mut self, nth: usize, reason: &str) {
        self.deliveries[nth] = Some(Delivery::Failed(format!("{}: {reason}", self.name)));
    }
}
