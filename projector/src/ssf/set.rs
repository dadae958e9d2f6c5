//! Security Event Tokens (RFC 8417), as SSF profiles them.

use std::fmt;

use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};
use session_ledger::inbox::{CloudEvent, CloudEventError};
use time::OffsetDateTime;

use super::caep::{self, Caep};
use super::key::{SigningKey, SigningKeyError};
use super::stream::{Notice, Told, audience};
use crate::envelope::Envelope;

/// What the types of events about streams begin with.
const TYPE: &str = "https://schemas.openid.net/secevent/ssf/event-type/";

/// Signs events for one receiver.
#[derive(Clone, Debug)]
pub struct Transmitter {
    /// Who tells: a URL, `iss` of the tokens and of the users in them.
    pub issuer: String,
    /// Whom: `aud`, as the receiver has agreed on it. Several are names of the same receiver.
    pub audiences: Vec<String>,
    /// The key that signs.
    pub key: SigningKey,
}

/// An event cannot be told. It will not be at another try either.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum SetError {
    /// Its envelope is not as its kind has it.
    #[error(transparent)]
    Event(#[from] CloudEventError),
    /// Its data cannot be written.
    #[error("the event cannot be written: {0}")]
    Json(#[from] serde_json::Error),
    /// It cannot be signed.
    #[error(transparent)]
    Key(#[from] SigningKeyError),
}

/// As its `Display`: `main` of a program of somebody's own prints it.
impl fmt::Debug for SetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Transmitter {
    /// The token about an event, issued `now`. None for an event that CAEP has no word for, and for one of a
    /// session that is nobody's. `jti` is the event's id, the same at each delivery.
    ///
    /// # Errors
    ///
    /// The event cannot be read or signed.
    pub fn token(&self, event: &Envelope, now: OffsetDateTime) -> Result<Option<String>, SetError> {
        match self.claims(event, now)? {
            Some(claims) => Ok(Some(self.signed(&claims)?)),
            None => Ok(None),
        }
    }

    /// The claims of the token about an event, as [`token`](Self::token) signs them.
    pub(super) fn claims(&self, event: &Envelope, now: OffsetDateTime) -> Result<Option<Value>, SetError> {
        let (attributes, data) = (event.attributes(), event.data()?);
        let attributes = attributes.iter().map(|(name, value)| (*name, value.as_ref()));
        let read = CloudEvent::from_attributes(attributes, &data)?;
        self.claims_of(&read, now)
    }

    /// The token about a stream itself, issued `now` (SSF 1.0, sections 8.1.4 and 8.1.5).
    pub(super) fn notice(
        &self,
        stream: &str,
        notice: &Notice,
        now: OffsetDateTime,
    ) -> Result<String, SigningKeyError> {
        let (kind, event) = match &notice.told {
            Told::Verification(None) => ("verification", json!({})),
            Told::Verification(Some(state)) => ("verification", json!({ "state": state })),
            Told::Updated(status, None) => ("stream-updated", json!({ "status": status })),
            Told::Updated(status, Some(reason)) => {
                ("stream-updated", json!({ "status": status, "reason": reason }))
            }
        };
        self.signed(&json!({
            "iss": self.issuer,
            "aud": audience(&self.audiences),
            "jti": notice.jti,
            "iat": now.unix_timestamp(),
            "sub_id": { "format": "opaque", "id": stream },
            "events": { (format!("{TYPE}{kind}")): event },
        }))
    }

    /// The keys that receivers verify with, as they are served at `jwks_uri`.
    pub fn jwks(keys: &[SigningKey]) -> Value {
        json!({ "keys": keys.iter().map(SigningKey::jwk).collect::<Vec<_>>() })
    }

    fn claims_of(&self, event: &CloudEvent, now: OffsetDateTime) -> Result<Option<Value>, SetError> {
        let (Some(user), Some(Caep { kind, mut claims, of_session })) = (event.user(), caep::of(event)?)
        else {
            return Ok(None);
        };
        if let Some(at) = event.occurred_at() {
            claims["event_timestamp"] = json!(at.unix_timestamp());
        }
        let place = event.place();
        let user = json!({ "format": "iss_sub", "iss": self.issuer, "sub": user.as_str() });
        let session = json!({ "format": "opaque", "id": place.session.to_string() });
        let subject =
            if of_session { json!({ "format": "complex", "user": user, "session": session }) } else { user };
        Ok(Some(json!({
            "iss": self.issuer,
            "aud": audience(&self.audiences),
            "jti": place.event.to_string(),
            "iat": now.unix_timestamp(),
            "sub_id": subject,
            "events": { kind: claims },
        })))
    }

    /// The compact form of a JWS (RFC 7515).
    pub(super) fn signed(&self, claims: &Value) -> Result<String, SigningKeyError> {
        let header = json!({ "alg": "RS256", "kid": self.key.id(), "typ": "secevent+jwt" });
        let part = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
        let signed = format!("{}.{}", part(&header), part(claims));
        let signature = self.key.sign(&signed)?;
        Ok(format!("{signed}.{signature}"))
    }
}
