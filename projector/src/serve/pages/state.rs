//! What a session held after one of its events, and in what that differs from the step before.

use askama::Template;
use poem::web::Path;
use poem::{Response, Result, handler};
use session_ledger::ledger::Error;
use session_ledger::session::{
    Client, Form, SessionId, SessionState, StateDifference, Timeouts, UserId, Value,
};
use time::OffsetDateTime;

use super::{AtDesk, page, unknown};
use crate::hidden::{HIDDEN, Hidden};
use crate::serve::access::Viewer;
use crate::serve::frame::Frame;
use crate::serve::lines::short;
use crate::serve::told;
use crate::serve::when::Instant;

/// The most characters of a value that are shown.
const VALUE_CHARS_MAX: usize = 10_000;

#[derive(Template)]
#[template(path = "state.html")]
struct StatePage {
    frame: Frame,
    id: SessionId,
    short: String,
    version: i64,
    at: Option<Instant>,
    facts: Vec<(&'static str, String)>,
    values: Vec<Shown>,
    differences: Vec<Difference>,
    /// Why the state is not known.
    unreadable: Option<String>,
    has_next: bool,
}

/// A value as it is shown. Tokens and hashes are no values, and are never here.
struct Shown {
    key: String,
    form: &'static str,
    size: String,
    is_hidden: bool,
    /// The value, if it can be read.
    text: Option<String>,
}

/// One difference to the step before.
struct Difference {
    what: String,
    before: String,
    after: String,
    is_text: bool,
}

#[handler]
pub(crate) async fn show(
    viewer: Viewer,
    desk: AtDesk<'_>,
    Path((id, version)): Path<(String, String)>,
) -> Result<Response> {
    let (Ok(id), Ok(version)) = (id.parse::<SessionId>(), version.parse::<i64>()) else {
        return unknown(&viewer, "That is no step of a session.", "Choose one from the session’s events.");
    };
    viewer.looks_at(&format!("the data of session {id} at step {version}"))?;
    let event = desk.ledger.history_page(id, version.max(1) - 1, 2).await?;
    let Some(first) = event.first().filter(|first| first.entry.version == version) else {
        let told = format!("The log knows no step {version} of session {id}.");
        return unknown(&viewer, &told, "Check the id, and choose a step from the session’s events.");
    };
    let at = Some(first.entry.occurred_at.into());
    let (facts, values, differences, unreadable) = match both(&desk.ledger, id, version).await {
        Ok((before, state)) => {
            let shown = |(key, value): (&String, &Value)| Shown::of(key, value, &desk.hidden);
            let differences = before.differences_to(&state);
            let differences = differences.iter().map(|one| Difference::of(one, &desk.hidden)).collect();
            (facts(&state), state.content.values.iter().map(shown).collect(), differences, None)
        }
        Err(error @ Error::Undecodable { .. }) => {
            (Vec::new(), Vec::new(), Vec::new(), Some(told::text(&error.to_string())))
        }
        Err(error) => return Err(error.into()),
    };
    let (frame, has_next) = (Frame::of(&viewer, "search")?, event.len() > 1);
    let short = short(id);
    page(&StatePage { frame, id, short, version, at, facts, values, differences, unreadable, has_next })
}

/// The states before and after an event.
async fn both(
    ledger: &session_ledger::Ledger,
    id: SessionId,
    version: i64,
) -> Result<(SessionState, SessionState), Error> {
    Ok((ledger.state_at(id, version - 1).await?, ledger.state_at(id, version).await?))
}

fn facts(state: &SessionState) -> Vec<(&'static str, String)> {
    let mut facts = vec![("Signed in", user(state.user.as_ref()))];
    if let Some(impersonated) = &state.content.extras.impersonated {
        facts.push(("Acts as", user(Some(impersonated))));
    }
    if state.user.is_some() {
        facts.push(("Proved by", told::text(&state.content.methods.join(", "))));
        facts.push(("Last proved", time(state.authenticated_at)));
    }
    facts.push(("Time limits", limits(state.content.timeouts)));
    facts.push(("Client", client(state.client.as_ref())));
    for (queue, messages) in &state.content.flashes {
        let queue = if queue.is_empty() { String::new() } else { format!(" in “{}”", told::text(queue)) };
        facts.push(("Messages", told::count(messages.len() as u64, "message") + &queue));
    }
    if let Some((reason, at)) = &state.ended {
        facts.push(("Ended", format!("{}, {}", told::reason(reason), Instant::from(*at).exact)));
    }
    facts
}

impl Shown {
    fn of(key: &str, value: &Value, hidden: &Hidden) -> Self {
        let is_hidden = hidden.hides(key);
        let is_json = value.form == Form::Json;
        Self {
            key: told::text(key),
            form: if is_json { "JSON" } else { "Postcard" },
            size: told::bytes(value.bytes.len()),
            is_hidden,
            text: (is_json && !is_hidden).then(|| json(value, hidden)),
        }
    }
}

/// A JSON value with its hidden fields replaced.
fn json(value: &Value, hidden: &Hidden) -> String {
    let Ok(read) = serde_json::from_slice::<serde_json::Value>(&value.bytes) else {
        return "cannot be read as JSON".to_owned();
    };
    let text = serde_json::to_string_pretty(&hidden.without_hidden(read)).unwrap_or_default();
    let lines = text.lines().map(told::text).collect::<Vec<_>>().join("\n");
    match lines.char_indices().nth(VALUE_CHARS_MAX) {
        Some((end, _)) => format!("{}\n… ({} in all)", &lines[..end], told::bytes(value.bytes.len())),
        None => lines,
    }
}

impl Difference {
    fn of(difference: &StateDifference, hidden: &Hidden) -> Self {
        let one = |what: &str, before: String, after: String| Self {
            what: what.to_owned(),
            before,
            after,
            is_text: false,
        };
        match difference {
            StateDifference::User { before, after } => {
                one("Signed in", user(before.as_ref()), user(after.as_ref()))
            }
            StateDifference::Impersonated { before, after } => {
                one("Acts as", user(before.as_ref()), user(after.as_ref()))
            }
            StateDifference::Authenticated { before, after } => {
                one("Last proved", time(*before), time(*after))
            }
            StateDifference::Value { key, before, after } => {
                let told = |value: &Option<Value>| match value {
                    None => "none".to_owned(),
                    Some(_) if hidden.hides(key) => HIDDEN.to_owned(),
                    Some(value) if value.form == Form::Json => json(value, hidden),
                    Some(value) => told::bytes(value.bytes.len()),
                };
                Self { what: told::text(key), before: told(before), after: told(after), is_text: true }
            }
            StateDifference::Flashes { queue, before, after } => {
                let count = |number: &usize| told::count(*number as u64, "message");
                one(&format!("Messages {}", told::text(queue)), count(before), count(after))
            }
            StateDifference::Timeouts { before, after } => {
                one("Time limits", limits(*before), limits(*after))
            }
            StateDifference::Client { before, after } => {
                one("Client", client(before.as_ref()), client(after.as_ref()))
            }
            StateDifference::Token => one("Token", "one".to_owned(), "another".to_owned()),
            StateDifference::Ended { reason, at } => {
                let ended = format!("{}, {}", told::reason(reason), Instant::from(*at).exact);
                one("Ended", "no".to_owned(), ended)
            }
            // A difference of a later version.
            _ => one("Something else", String::new(), String::new()),
        }
    }
}

fn user(user: Option<&UserId>) -> String {
    user.map_or_else(|| "nobody".to_owned(), |user| told::text(user.as_str()))
}

fn time(at: Option<OffsetDateTime>) -> String {
    at.map_or_else(|| "never".to_owned(), |at| Instant::from(at).exact)
}

fn limits(timeouts: Timeouts) -> String {
    let limit = |seconds: Option<u32>| seconds.map_or_else(|| "for ever".to_owned(), told::span);
    format!("unused {}, in all {}", limit(timeouts.idle), limit(timeouts.absolute))
}

fn client(client: Option<&Client>) -> String {
    let Some(client) = client else { return "unknown".to_owned() };
    let (ip, agent) = (client.ip.map(|ip| ip.to_string()), client.user_agent.as_deref().map(told::browser));
    let told = [ip, agent].into_iter().flatten().collect::<Vec<_>>().join(" ");
    if told.is_empty() { "unknown".to_owned() } else { told }
}
