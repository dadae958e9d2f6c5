//! The endpoints, and the layers around all of them.

use std::sync::Arc;
use std::time::Duration;

use http::{Method, StatusCode, header};
use poem::web::Json;
use poem::{Endpoint, EndpointExt, IntoResponse, Request, Response};
use serde::Deserialize;
use serde_json::Value;
use time::OffsetDateTime;
use tokio::sync::Semaphore;

use super::desk::Desk;
use super::place::Place;
use super::polling::Poll;
use super::receivers::Receiver;
use super::refusal::Refusal;
use super::set::Transmitter;
use crate::serve::dress;

/// The most bytes of a request's body: a thousand acknowledgements.
pub(super) const BODY_BYTES_MAX: usize = 64 * 1024;

/// How long a body may take to come.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// The most requests at once. Most of them are polls that wait.
const REQUESTS_MAX: usize = 512;

/// For how long receivers may keep the documents.
const PUBLIC: &str = "public, max-age=300";

/// What is asked for.
#[derive(Debug, PartialEq, Eq)]
enum Page {
    Configuration,
    Keys,
    Streams,
    Status,
    Verify,
    Poll(String),
}

impl Page {
    fn of(place: &Place, path: &str) -> Option<Self> {
        if path == place.configuration_path() {
            return Some(Self::Configuration);
        }
        if let Some(stream) = path.strip_prefix(&place.path_of("poll/")) {
            return (!stream.is_empty() && !stream.contains('/')).then(|| Self::Poll(stream.to_owned()));
        }
        let pages = [("jwks.json", Self::Keys), ("streams", Self::Streams), ("status", Self::Status)];
        let pages = pages.into_iter().chain([("verify", Self::Verify)]);
        pages.into_iter().find(|(name, _)| path == place.path_of(name)).map(|(_, page)| page)
    }
}

pub(super) fn site(desk: Arc<Desk>) -> impl Endpoint<Output = Response> + 'static {
    let requests = Arc::new(Semaphore::new(REQUESTS_MAX));
    poem::endpoint::make(move |request| {
        let (desk, requests) = (Arc::clone(&desk), Arc::clone(&requests));
        async move {
            let answered = match requests.try_acquire() {
                Ok(_permit) => answer(&desk, request).await,
                Err(_) => Err(Refusal::Busy),
            };
            Ok::<_, poem::Error>(dress(answered.unwrap_or_else(|refusal| refusal.answer())))
        }
    })
    .map_to_response()
}

async fn answer(desk: &Arc<Desk>, request: Request) -> Result<Response, Refusal> {
    let page = Page::of(&desk.place, request.uri().path()).ok_or(Refusal::NoPage)?;
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    match page {
        Page::Configuration if is_read => Ok(public(desk.place.configuration())),
        Page::Keys if is_read => Ok(public(Transmitter::jwks(&desk.keys))),
        Page::Configuration | Page::Keys => Err(Refusal::Method),
        Page::Streams => streams(desk, request).await,
        Page::Status => status(desk, request).await,
        Page::Verify => verify(desk, request).await,
        Page::Poll(stream) => poll(desk, request, &stream).await,
    }
}

async fn streams(desk: &Desk, request: Request) -> Result<Response, Refusal> {
    let receiver = desk.receiver(request.headers())?;
    match *request.method() {
        Method::POST => {
            let made = desk.create(&receiver, &body(request).await?).await?;
            Ok((StatusCode::CREATED, Json(made)).into_response())
        }
        Method::GET => match stream_id(&request)? {
            Some(id) => Ok(told(desk.show(&receiver, &id).await?)),
            None => Ok(told(desk.list(&receiver).await?)),
        },
        Method::PATCH => Ok(told(desk.change_stream(&receiver, &body(request).await?, false).await?)),
        Method::PUT => Ok(told(desk.change_stream(&receiver, &body(request).await?, true).await?)),
        Method::DELETE => {
            let id = stream_id(&request)?.ok_or_else(no_stream_id)?;
            desk.delete(&receiver, &id).await?;
            Ok(StatusCode::NO_CONTENT.into())
        }
        _ => Err(Refusal::Method),
    }
}

async fn status(desk: &Desk, request: Request) -> Result<Response, Refusal> {
    let receiver = desk.receiver(request.headers())?;
    match *request.method() {
        Method::GET => {
            let id = stream_id(&request)?.ok_or_else(no_stream_id)?;
            Ok(told(desk.status(&receiver, &id).await?))
        }
        Method::POST => Ok(told(desk.set_status(&receiver, &body(request).await?).await?)),
        _ => Err(Refusal::Method),
    }
}

async fn verify(desk: &Desk, request: Request) -> Result<Response, Refusal> {
    let receiver = posted_by(desk, &request)?;
    let now = OffsetDateTime::now_utc().unix_timestamp();
    desk.verify(&receiver, &body(request).await?, now).await?;
    Ok(StatusCode::NO_CONTENT.into())
}

async fn poll(desk: &Arc<Desk>, request: Request, stream: &str) -> Result<Response, Refusal> {
    let receiver = posted_by(desk, &request)?;
    let _polling = desk.polls.begin(&receiver.name)?;
    let asked = Poll::of(&body(request).await?)?;
    Ok(told(desk.poll(&receiver.name, stream, asked).await?))
}

fn posted_by(desk: &Desk, request: &Request) -> Result<Receiver, Refusal> {
    let receiver = desk.receiver(request.headers())?;
    if *request.method() == Method::POST { Ok(receiver) } else { Err(Refusal::Method) }
}

/// The stream that a request's address names.
fn stream_id(request: &Request) -> Result<Option<String>, Refusal> {
    #[derive(Deserialize)]
    struct Named {
        stream_id: Option<String>,
    }
    let named = request.params::<Named>().map_err(|_| Refusal::invalid("the query cannot be read"))?;
    // PostgreSQL's texts hold no NUL, so no stream has such a name.
    match named.stream_id {
        Some(id) if id.contains('\0') => Err(Refusal::NoStream),
        named => Ok(named),
    }
}

fn no_stream_id() -> Refusal {
    Refusal::invalid("`stream_id` is missing in the query")
}

/// A body of JSON within its limits. Receivers may leave its type unsaid.
async fn body(mut request: Request) -> Result<Vec<u8>, Refusal> {
    if let Some(kind) = request.headers().get(header::CONTENT_TYPE) {
        let essence = kind.to_str().ok().and_then(|kind| kind.split(';').next());
        if !essence.is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json")) {
            return Err(Refusal::NoJson);
        }
    }
    let reading = request.take_body().into_bytes_limit(BODY_BYTES_MAX);
    match tokio::time::timeout(BODY_TIMEOUT, reading).await {
        Ok(Ok(bytes)) => Ok(bytes.to_vec()),
        Ok(Err(poem::error::ReadBodyError::PayloadTooLarge)) => Err(Refusal::TooLarge(BODY_BYTES_MAX)),
        Ok(Err(error)) => Err(Refusal::invalid(format!("the body cannot be read: {error}"))),
        Err(_) => Err(Refusal::Slow),
    }
}

fn told(value: Value) -> Response {
    Json(value).into_response()
}

fn public(document: Value) -> Response {
    Json(document).with_header(header::CACHE_CONTROL, PUBLIC).into_response()
}

#[test]
fn an_address_leads_to_its_page() {
    let place = Place::of("https://shop.example/t1");
    for (path, page) in [
        ("/.well-known/ssf-configuration/t1", Some(Page::Configuration)),
        ("/t1/ssf/jwks.json", Some(Page::Keys)),
        ("/t1/ssf/streams", Some(Page::Streams)),
        ("/t1/ssf/status", Some(Page::Status)),
        ("/t1/ssf/verify", Some(Page::Verify)),
        ("/t1/ssf/poll/a", Some(Page::Poll("a".to_owned()))),
        ("/t1/ssf/poll/", None),
        ("/t1/ssf/poll/a/b", None),
        ("/ssf/streams", None),
        ("/t1/ssf/streams/", None),
        ("/", None),
    ] {
        assert_eq!(Page::of(&place, path), page, "{path}");
    }
}
