//! A session's state as a list of facts, and the changes between two states. Neither holds the hash of a
//! token. Values are told by their size, and themselves only if that is asked for.

use serde::Serialize;
use serde_json::Value as Json;
use session_ledger::session::{
    Assurance, Client, Form, SessionState, StateDifference, Timeouts, UserId, Value,
};
use time::OffsetDateTime;

use crate::output::{Column, Listed, whole, wrapped};
use crate::words::{self, count};

/// The most characters of a value that a table shows.
const CONTENT_CHARS_MAX: usize = 160;

/// How values are shown.
#[derive(Clone, Copy)]
pub(super) struct Show {
    /// Whether themselves, and not only their size.
    pub(super) values: bool,
    /// Whether as texts, for formats without objects.
    pub(super) as_text: bool,
}

/// A fact of a state.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Fact {
    fact: &'static str,
    /// The key of a value, the queue of messages, or the operation of a grant.
    key: Option<String>,
    text: Option<String>,
    shape: Option<u16>,
    form: Option<&'static str>,
    bytes: Option<usize>,
    content: Option<Json>,
}

/// A change between two states.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Change {
    fact: &'static str,
    key: Option<String>,
    before: Option<String>,
    after: Option<String>,
    bytes_before: Option<usize>,
    bytes_after: Option<usize>,
    content_before: Option<Json>,
    content_after: Option<Json>,
}

/// All facts of a state.
pub(super) fn facts(state: &SessionState, show: Show) -> Vec<Fact> {
    if state.version == 0 {
        return Vec::new();
    }
    let content = &state.content;
    let proof = state.authenticated_at.map(|_| proof(&content.methods, content.assurance));
    let texts = [
        ("version", Some(state.version.to_string())),
        ("changed_at", Some(words::exact(state.changed_at))),
        ("started_at", Some(words::exact(state.started_at))),
        ("user", name(&state.user)),
        ("acts_as", name(&content.extras.impersonated)),
        ("authenticated_at", time(state.authenticated_at)),
        ("proof", proof),
        ("step_up", content.extras.step_up.then(|| "demanded".to_owned())),
        ("client", state.client.as_ref().map(client)),
        ("device", content.extras.device.map(|device| device.to_string())),
        ("time_limits", Some(limits(content.timeouts))),
        (
            "token_renewed",
            content.extras.renewal_timeout.map(|seconds| format!("after {}", seconds_told(seconds))),
        ),
        ("remembered", content.extras.remembered.map(|seconds| format!("for {}", seconds_told(seconds)))),
        ("ended", state.ended.as_ref().map(|(reason, at)| format!("{reason} at {}", words::exact(*at)))),
        ("ended_by", name(&state.ended_by)),
        ("last_seen", time(state.last_seen)),
    ];
    let texts = texts.into_iter().filter_map(|(fact, text)| Some(Fact::new(fact, None, Some(text?))));
    let grants = content.extras.grants.iter().map(|grant| {
        let until = format!("until {}", words::exact(grant.until));
        Fact::new("grant", Some(grant.operation.clone()), Some(until))
    });
    let messages = content.flashes.iter().map(|(queue, messages)| {
        Fact::new("messages", Some(queue.clone()), Some(messages.len().to_string()))
    });
    let values = content.values.iter().map(|(key, value)| Fact {
        shape: Some(value.shape),
        form: Some(form(value.form)),
        bytes: Some(value.bytes.len()),
        content: show.values.then(|| readable(value, show.as_text)),
        ..Fact::new("value", Some(key.clone()), None)
    });
    texts.chain(grants).chain(messages).chain(values).collect()
}

/// In what a state differs from an earlier one.
pub(super) fn changes(earlier: &SessionState, later: &SessionState, show: Show) -> Vec<Change> {
    earlier.differences_to(later).into_iter().map(|difference| change(difference, show)).collect()
}

fn change(difference: StateDifference, show: Show) -> Change {
    let texts = |fact, before, after| Change::new(fact, None, before, after);
    match difference {
        StateDifference::User { before, after } => texts("user", name(&before), name(&after)),
        StateDifference::Impersonated { before, after } => texts("acts_as", name(&before), name(&after)),
        StateDifference::Authenticated { before, after } => {
            texts("authenticated_at", time(before), time(after))
        }
        StateDifference::Timeouts { before, after } => {
            texts("time_limits", Some(limits(before)), Some(limits(after)))
        }
        StateDifference::Client { before, after } => {
            texts("client", before.as_ref().map(client), after.as_ref().map(client))
        }
        StateDifference::Token => texts("token", None, Some("another".to_owned())),
        StateDifference::Ended { reason, at } => {
            texts("ended", None, Some(format!("{reason} at {}", words::exact(at))))
        }
        StateDifference::Flashes { queue, before, after } => {
            let number = |number: usize| Some(number.to_string());
            Change::new("messages", Some(queue), number(before), number(after))
        }
        StateDifference::Value { key, before, after } => {
            let size = |value: &Option<Value>| value.as_ref().map(|value| value.bytes.len());
            let content = |value: &Option<Value>| {
                value.as_ref().filter(|_| show.values).map(|value| readable(value, show.as_text))
            };
            Change {
                bytes_before: size(&before),
                bytes_after: size(&after),
                content_before: content(&before),
                content_after: content(&after),
                ..Change::new("value", Some(key), None, None)
            }
        }
        other => texts("another_fact", None, Some(format!("{other:?}"))),
    }
}

impl Fact {
    fn new(fact: &'static str, key: Option<String>, text: Option<String>) -> Self {
        Self { fact, key, text, shape: None, form: None, bytes: None, content: None }
    }
}

impl Change {
    fn new(fact: &'static str, key: Option<String>, before: Option<String>, after: Option<String>) -> Self {
        let (bytes_before, bytes_after, content_before, content_after) = (None, None, None, None);
        Self { fact, key, before, after, bytes_before, bytes_after, content_before, content_after }
    }
}

impl Listed for Fact {
    const COLUMNS: &'static [Column] = &[whole("FACT"), wrapped("KEY"), wrapped("VALUE")];
    const DROPPED: &'static [&'static str] = &[];

    fn cells(&self) -> Vec<String> {
        let shape = self.shape.map(|shape| format!("shape {shape}"));
        let parts = [shape, self.form.map(str::to_owned)].into_iter().flatten();
        let size = told(&self.text, self.bytes, parts, &self.content);
        vec![heading(self.fact), self.key.clone().unwrap_or_default(), size]
    }
}

impl Listed for Change {
    const COLUMNS: &'static [Column] = &[whole("FACT"), wrapped("KEY"), wrapped("BEFORE"), wrapped("AFTER")];
    const DROPPED: &'static [&'static str] = &[];

    fn cells(&self) -> Vec<String> {
        let none = std::iter::empty;
        vec![
            heading(self.fact),
            self.key.clone().unwrap_or_default(),
            told(&self.before, self.bytes_before, none(), &self.content_before),
            told(&self.after, self.bytes_after, none(), &self.content_after),
        ]
    }
}

/// The name of a fact in a table. Machines get it as a name.
fn heading(fact: &str) -> String {
    fact.trim_end_matches("_at").replace('_', " ")
}

/// What a fact is, in the cell of a table.
fn told(
    text: &Option<String>,
    bytes: Option<usize>,
    more: impl Iterator<Item = String>,
    content: &Option<Json>,
) -> String {
    let bytes = bytes.map(|bytes| count(bytes as u64, "byte"));
    let content = content.as_ref().map(|content| match content {
        Json::String(text) => shortened(text),
        other => shortened(&other.to_string()),
    });
    let parts: Vec<_> = text.iter().cloned().chain(bytes).chain(more).chain(content).collect();
    parts.join(", ")
}

fn shortened(text: &str) -> String {
    let short: String = text.chars().take(CONTENT_CHARS_MAX).collect();
    if short.len() < text.len() { short + "…" } else { short }
}

/// A value itself: JSON as it is, anything else in hexadecimal, as only the application can read it.
fn readable(value: &Value, as_text: bool) -> Json {
    let json = match value.form {
        Form::Json => serde_json::from_slice::<Json>(&value.bytes).ok(),
        _ => None,
    };
    match json {
        Some(json) if as_text => Json::String(json.to_string()),
        Some(json) => json,
        None => Json::String(value.bytes.iter().map(|byte| format!("{byte:02x}")).collect()),
    }
}

fn form(form: Form) -> &'static str {
    match form {
        Form::Json => "json",
        Form::Postcard | Form::PostcardOf(_) => "postcard",
        _ => "another form",
    }
}

fn name(user: &Option<UserId>) -> Option<String> {
    user.as_ref().map(ToString::to_string)
}

fn time(at: Option<OffsetDateTime>) -> Option<String> {
    at.map(words::exact)
}

fn client(client: &Client) -> String {
    words::client(client.ip, client.user_agent.as_deref())
}

fn proof(methods: &[String], assurance: Assurance) -> String {
    let level = crate::facts::level(assurance).to_uppercase();
    methods.iter().map(String::as_str).chain([level.as_str()]).collect::<Vec<_>>().join(", ")
}

fn limits(timeouts: Timeouts) -> String {
    match (timeouts.idle.map(seconds_told), timeouts.absolute.map(seconds_told)) {
        (None, None) => "none of its own".to_owned(),
        (Some(idle), None) => format!("{idle} idle"),
        (None, Some(absolute)) => format!("{absolute} in all"),
        (Some(idle), Some(absolute)) => format!("{idle} idle, {absolute} in all"),
    }
}

fn seconds_told(seconds: u32) -> String {
    words::span(time::Duration::seconds(seconds.into()))
}
