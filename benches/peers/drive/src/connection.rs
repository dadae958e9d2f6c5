//! One keep-alive connection, as cheap as possible: the client shares the processors with the measured
//! servers.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{COOKIE, HOST, HeaderValue, SET_COOKIE};
use hyper::http::uri::InvalidUri;
use hyper::{Method, Request, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::AbortHandle;
use tokio::time::timeout;

/// After this a request counts as failed.
const ANSWERED_WITHIN: Duration = Duration::from_secs(10);

/// Method and target of a request, parsed once.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    method: Method,
    target: Uri,
}

impl Call {
    pub(crate) fn get(target: &str) -> Result<Self, InvalidUri> {
        Ok(Self { method: Method::GET, target: target.parse()? })
    }

    pub(crate) fn post(target: &str) -> Result<Self, InvalidUri> {
        Ok(Self { method: Method::POST, target: target.parse()? })
    }
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: Bytes,
    pub(crate) set_cookies: Vec<HeaderValue>,
}

impl Answer {
    pub(crate) fn is_ok(&self) -> bool {
        self.status == StatusCode::OK
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).trim().to_owned()
    }
}

/// The reason why there was no answer.
#[derive(Debug)]
pub(crate) struct Failure(String);

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Failure {}

impl From<String> for Failure {
    fn from(reason: String) -> Self {
        Self(reason)
    }
}

impl From<InvalidUri> for Failure {
    fn from(error: InvalidUri) -> Self {
        failure(error)
    }
}

/// Sends one request at a time to one server.
#[derive(Debug)]
pub(crate) struct Connection {
    address: SocketAddr,
    host: HeaderValue,
    sender: SendRequest<Empty<Bytes>>,
    driver: AbortHandle,
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> Result<Self, Failure> {
        let host = HeaderValue::from_str(&address.to_string()).map_err(failure)?;
        let (sender, driver) = connect(address).await?;
        Ok(Self { address, host, sender, driver })
    }

    /// Sends a request and reads the whole answer. If the server has closed the connection meanwhile, it is
    /// opened again. A request that may have arrived is never sent twice.
    pub(crate) async fn send(
        &mut self,
        call: &Call,
        cookie: Option<&HeaderValue>,
    ) -> Result<Answer, Failure> {
        match timeout(ANSWERED_WITHIN, self.exchange(call, cookie)).await {
            Ok(answered) => answered,
            Err(_) => {
                // The answer may still come, and must not be taken for the next request's.
                (self.sender, self.driver) = self.reconnect().await?;
                Err(Failure(format!("no answer within {} s", ANSWERED_WITHIN.as_secs())))
            }
        }
    }

    async fn exchange(&mut self, call: &Call, cookie: Option<&HeaderValue>) -> Result<Answer, Failure> {
        if self.sender.ready().await.is_err() {
            (self.sender, self.driver) = self.reconnect().await?;
        }
        let mut request = Request::new(Empty::new());
        *request.method_mut() = call.method.clone();
        *request.uri_mut() = call.target.clone();
        let headers = request.headers_mut();
        headers.insert(HOST, self.host.clone());
        if let Some(cookie) = cookie {
            headers.insert(COOKIE, cookie.clone());
        }
        let response = self.sender.send_request(request).await.map_err(failure)?;
        let (head, body) = response.into_parts();
        let set_cookies = head.headers.get_all(SET_COOKIE).iter().cloned().collect();
        let body = body.collect().await.map_err(failure)?.to_bytes();
        Ok(Answer { status: head.status, body, set_cookies })
    }

    async fn reconnect(&mut self) -> Result<(SendRequest<Empty<Bytes>>, AbortHandle), Failure> {
        self.driver.abort();
        connect(self.address).await
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

async fn connect(address: SocketAddr) -> Result<(SendRequest<Empty<Bytes>>, AbortHandle), Failure> {
    let stream = TcpStream::connect(address).await.map_err(failure)?;
    // A small request must not wait for the acknowledgement of the one before it.
    stream.set_nodelay(true).map_err(failure)?;
    let (sender, connection) = handshake(TokioIo::new(stream)).await.map_err(failure)?;
    let driver = tokio::spawn(async move {
        // The request that failed tells the error.
        let _ = connection.await;
    });
    Ok((sender, driver.abort_handle()))
}

fn failure(error: impl std::error::Error) -> Failure {
    Failure(error.source().map_or_else(|| error.to_string(), |source| format!("{error}: {source}")))
}
