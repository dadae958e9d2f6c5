//! What a receiver wishes of a stream: the bodies of its requests, read strictly where they count.

use serde_json::{Map, Value};

use super::refusal::Refusal;
use super::sealing::PushTo;
use super::stream::{POLL, PUSH};
use crate::relay::sink::push::Authorization;
use crate::relay::sink::webhook::Endpoint;

/// The most types of events that a receiver may ask for, and the most bytes of a text.
const REQUESTED_MAX: usize = 64;
const TEXT_BYTES_MAX: usize = 4_000;

/// What a receiver may say of a stream. An outer none is left as it is, an inner one is taken away.
#[derive(Default)]
pub(super) struct Wish {
    pub(super) requested: Option<Option<Vec<String>>>,
    pub(super) description: Option<Option<String>>,
    pub(super) delivery: Option<DeliveryWish>,
}

/// How a receiver wants to get tokens.
pub(super) enum DeliveryWish {
    /// With the endpoint, if the receiver has said one.
    Poll(Option<String>),
    Push(PushTo),
}

/// The object of a request's body.
pub(super) fn object(body: &[u8]) -> Result<Map<String, Value>, Refusal> {
    match serde_json::from_slice(body) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(Refusal::invalid("the body must be a JSON object")),
        Err(error) => Err(Refusal::invalid(format!("the body is no JSON: {error}"))),
    }
}

/// A text of an object; none if it is missing or null.
pub(super) fn text(object: &Map<String, Value>, name: &str) -> Result<Option<String>, Refusal> {
    match object.get(name) {
        None | Some(Value::Null) => Ok(None),
        // PostgreSQL keeps no text with NUL in it.
        Some(Value::String(text)) if text.len() <= TEXT_BYTES_MAX && !text.contains('\0') => {
            Ok(Some(text.clone()))
        }
        Some(_) => {
            Err(Refusal::invalid(format!("`{name}` must be a text of at most {TEXT_BYTES_MAX} bytes")))
        }
    }
}

/// A text that must be there.
pub(super) fn must(object: &Map<String, Value>, name: &str) -> Result<String, Refusal> {
    text(object, name)?.ok_or_else(|| Refusal::invalid(format!("`{name}` is missing")))
}

impl Wish {
    /// What an object says. `private`: whether tokens may be pushed without encryption in one's own network.
    pub(super) fn of(object: &Map<String, Value>, private: bool) -> Result<Self, Refusal> {
        let said = |name: &str| object.contains_key(name);
        Ok(Self {
            requested: said("events_requested").then(|| requested(object)).transpose()?,
            description: said("description").then(|| text(object, "description")).transpose()?,
            delivery: object.get("delivery").map(|delivery| delivery_of(delivery, private)).transpose()?,
        })
    }

    /// The same, where what is missing is to be taken away. A stream without a delivery is polled.
    pub(super) fn whole(self) -> Self {
        Self {
            requested: Some(self.requested.flatten()),
            description: Some(self.description.flatten()),
            delivery: Some(self.delivery.unwrap_or(DeliveryWish::Poll(None))),
        }
    }
}

fn requested(object: &Map<String, Value>) -> Result<Option<Vec<String>>, Refusal> {
    let told = || {
        Refusal::invalid(format!(
            "`events_requested` must be a list of 1 to {REQUESTED_MAX} URIs; leave it out to get all"
        ))
    };
    let items = match object.get("events_requested") {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Array(items)) if (1..=REQUESTED_MAX).contains(&items.len()) => items,
        Some(_) => return Err(told()),
    };
    let uri = |item: &Value| {
        let uri = item.as_str().filter(|uri| uri.len() <= TEXT_BYTES_MAX / 16 && !uri.contains('\0'));
        uri.map(str::to_owned).ok_or_else(told)
    };
    items.iter().map(uri).collect::<Result<Vec<_>, _>>().map(Some)
}

fn delivery_of(delivery: &Value, private: bool) -> Result<DeliveryWish, Refusal> {
    let Value::Object(delivery) = delivery else {
        return Err(Refusal::invalid("`delivery` must be an object with a `method`"));
    };
    let url = text(delivery, "endpoint_url")?;
    match must(delivery, "method")?.as_str() {
        POLL => Ok(DeliveryWish::Poll(url)),
        PUSH => {
            let endpoint_url =
                url.ok_or_else(|| Refusal::invalid("`delivery.endpoint_url` is missing: where to push to"))?;
            check_endpoint(&endpoint_url, private)?;
            let authorization_header = text(delivery, "authorization_header")?;
            if let Some(header) = &authorization_header {
                let read = header.parse::<Authorization>();
                read.map_err(|error| Refusal::invalid(format!("`delivery.authorization_header`: {error}")))?;
            }
            Ok(DeliveryWish::Push(PushTo { endpoint_url, authorization_header }))
        }
        _ => Err(Refusal::invalid(format!("`delivery.method` must be {PUSH} or {POLL}"))),
    }
}

/// Whether the address leads into one's own network is judged when it is connected to, each time anew.
fn check_endpoint(url: &str, private: bool) -> Result<(), Refusal> {
    let refused = |told: String| Refusal::invalid(format!("`delivery.endpoint_url`: {told}"));
    url.parse::<Endpoint>().map_err(|error| refused(error.to_string()))?;
    if !private && !url.starts_with("https://") {
        return Err(refused("it must begin with https://".to_owned()));
    }
    Ok(())
}
