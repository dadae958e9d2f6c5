//! The bytes' way to a RabbitMQ server, encrypted or not.
//!
//! The client's own TLS brings a second set of ciphers, and without that feature the client sends an `amqps`
//! connection, password and all, in the clear. So encryption is done here.

use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_compat::Compat;
use async_rs::Tokio;
use async_rs::traits::Reactor;
use futures_util::Stream;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// Bytes in both directions.
pub(super) trait Bytes: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Bytes for T {}

/// A connection, as the client takes it.
pub(super) type Connected = Compat<Box<dyn Bytes>>;

/// Connects, and encrypts if there is a configuration for that.
pub(super) async fn connected(
    (host, port): &(String, u16),
    tls: Option<Arc<ClientConfig>>,
) -> io::Result<Connected> {
    let stream = TcpStream::connect((host.as_str(), *port)).await?;
    stream.set_nodelay(true)?;
    let Some(tls) = tls else { return Ok(Compat::new(Box::new(stream))) };
    let name = ServerName::try_from(host.clone()).map_err(io::Error::other)?;
    let stream = TlsConnector::from(tls).connect(name, stream).await?;
    Ok(Compat::new(Box::new(stream)))
}

/// Tokio, with connections of our kind.
#[derive(Clone, Debug)]
pub(super) struct Transport(pub(super) Tokio);

impl Reactor for Transport {
    type TcpStream = Connected;
    type Sleep = <Tokio as Reactor>::Sleep;

    /// The client never asks for it.
    #[allow(refining_impl_trait)]
    fn register<H: Read + Write + Send + 'static>(&self, _: H) -> io::Result<Connected> {
        Err(io::Error::from(io::ErrorKind::Unsupported))
    }

    fn sleep(&self, duration: Duration) -> Self::Sleep {
        self.0.sleep(duration)
    }

    fn interval(&self, duration: Duration) -> impl Stream<Item = Instant> + Send + 'static {
        self.0.interval(duration)
    }

    // An `async fn` would borrow the transport, which the trait does not allow.
    #[allow(clippy::manual_async_fn)]
    fn tcp_connect_addr(
        &self,
        address: SocketAddr,
    ) -> impl Future<Output = io::Result<Connected>> + Send + 'static {
        async move { connected(&(address.ip().to_string(), address.port()), None).await }
    }
}
