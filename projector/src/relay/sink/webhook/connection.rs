//! One connection to a receiver: to an address that was judged first, over TLS unless it stays in one's own
//! network.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Body, Incoming};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio_rustls::TlsConnector;

use super::address::Reach;
use super::answer::Answer;
use super::endpoint::Endpoint;

/// The longest head of an answer.
const HEAD_BYTES_MAX: usize = 64 * 1024;

/// The longest body of an answer that is read, and for how long. Nobody wants it: it is read so that the
/// connection can be used again.
const BODY_BYTES_MAX: usize = 64 * 1024;
const BODY_TIME_MAX: Duration = Duration::from_secs(1);

pub(super) struct Connection {
    sender: SendRequest<Full<Bytes>>,
    is_free: bool,
}

/// Verifies receivers by the system's authorities. The error is why TLS cannot be set up.
pub(super) fn verifying() -> Result<ClientConfig, String> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        return Err(
            "no certificate authority is known that could vouch for a receiver: install the system's \
                    certificates (Debian: `ca-certificates`) or set SSL_CERT_FILE"
                .to_owned(),
        );
    }
    // By name, as another crate of the process may bring another provider.
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let versions = versions.map_err(|error| error.to_string())?;
    Ok(versions.with_root_certificates(roots).with_no_client_auth())
}

impl Connection {
    /// Connects to the receiver. The error is why it cannot be reached.
    pub(super) async fn open(
        endpoint: &Endpoint,
        private: bool,
        tls: &Arc<ClientConfig>,
    ) -> Result<Self, String> {
        let stream = connect(&addresses(endpoint, private).await?).await?;
        stream.set_nodelay(true).map_err(|error| error.to_string())?;
        if !endpoint.is_encrypted() {
            return Self::over(stream).await;
        }
        let name = ServerName::try_from(endpoint.host().to_owned()).map_err(|error| error.to_string())?;
        let stream = TlsConnector::from(tls.clone()).connect(name, stream).await;
        Self::over(stream.map_err(|error| format!("it cannot be trusted: {error}"))?).await
    }

    async fn over(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) -> Result<Self, String> {
        let mut http = http1::Builder::new();
        http.max_buf_size(HEAD_BYTES_MAX);
        let (sender, driver) =
            http.handshake(TokioIo::new(stream)).await.map_err(|error| error.to_string())?;
        // It ends with the sender. What breaks the connection is told to whoever sends.
        tokio::spawn(driver);
        Ok(Self { sender, is_free: false })
    }

    /// Sends a request and waits for its answer.
    pub(super) async fn send(&mut self, request: Request<Full<Bytes>>) -> Result<Answer, hyper::Error> {
        self.is_free = false;
        self.sender.ready().await?;
        let bytes = request.body().size_hint().exact().unwrap_or_default();
        let answer = self.sender.send_request(request).await?;
        let (head, body) = answer.into_parts();
        self.is_free = is_read(body).await;
        Ok(Answer::new(head.status, &head.headers, usize::try_from(bytes).unwrap_or(usize::MAX)))
    }

    /// Whether another request may be sent.
    pub(super) fn is_free(&self) -> bool {
        self.is_free && !self.sender.is_closed()
    }
}

/// Reads a body to its end, if that comes soon.
async fn is_read(body: Incoming) -> bool {
    let reading = Limited::new(body, BODY_BYTES_MAX).collect();
    matches!(tokio::time::timeout(BODY_TIME_MAX, reading).await, Ok(Ok(_)))
}

/// The addresses of a receiver at which it may be.
async fn addresses(endpoint: &Endpoint, private: bool) -> Result<Vec<SocketAddr>, String> {
    let found = lookup_host((endpoint.host(), endpoint.port())).await;
    let found = found.map_err(|error| format!("its name cannot be resolved: {error}"))?;
    let mut objected = None;
    let mut allowed = Vec::new();
    for address in found {
        match Reach::of(address.ip()).objection(private, endpoint.is_encrypted()) {
            Some(objection) => objected = Some(format!("it is at {}, {objection}", address.ip())),
            None => allowed.push(address),
        }
    }
    match (allowed.is_empty(), objected) {
        (false, _) => Ok(allowed),
        (true, Some(objection)) => Err(objection),
        (true, None) => Err("its name has no address".to_owned()),
    }
}

/// Connects to the first of these addresses that answers. No name is resolved again.
async fn connect(addresses: &[SocketAddr]) -> Result<TcpStream, String> {
    let mut refused = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for address in addresses {
        match TcpStream::connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => refused = error,
        }
    }
    Err(format!("it cannot be reached: {refused}"))
}
