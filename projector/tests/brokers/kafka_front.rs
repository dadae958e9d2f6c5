//! A server in front of a mock cluster of Kafka, which itself neither encrypts nor asks who is there. It
//! calls itself the cluster's only server in what the cluster tells of itself.

use std::io;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::kafka_topic::Cluster;

/// The numbers of Kafka's requests.
const SASL_HANDSHAKE: u16 = 17;
const API_VERSIONS: u16 = 18;
const SASL_AUTHENTICATE: u16 = 36;

/// The number of Kafka's error for a wrong password.
const AUTHENTICATION_FAILED: u16 = 58;

/// What a front asks for.
#[derive(Clone, Default)]
pub(crate) struct Front {
    pub(crate) encrypted: Option<TlsAcceptor>,
    /// User and password, by the mechanism PLAIN.
    pub(crate) user: Option<(&'static str, &'static str)>,
}

impl Front {
    /// Serves in front of the cluster's only server. Returns the port.
    pub(crate) async fn serve(self, cluster: &Cluster) -> u16 {
        let behind = cluster.bootstrap_servers().rsplit_once(':').unwrap().1.parse().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let this = Arc::new(self);
        tokio::spawn(async move {
            loop {
                let (client, _) = listener.accept().await.unwrap();
                let this = this.clone();
                tokio::spawn(async move { this.answer(client, behind, port).await });
            }
        });
        port
    }

    /// Until one of both hangs up, as a client does that does not trust the certificate.
    async fn answer(&self, client: TcpStream, behind: u16, port: u16) -> io::Result<()> {
        match &self.encrypted {
            Some(acceptor) => self.relay(acceptor.accept(client).await?, behind, port).await,
            None => self.relay(client, behind, port).await,
        }
    }

    /// Kafka answers the requests of a connection one after the other.
    async fn relay(
        &self,
        mut client: impl AsyncRead + AsyncWrite + Unpin,
        behind: u16,
        port: u16,
    ) -> io::Result<()> {
        let mut server = TcpStream::connect(("127.0.0.1", behind)).await?;
        loop {
            let request = read(&mut client).await?;
            let asked = u16::from_be_bytes([request[0], request[1]]);
            let answer = match (asked, self.user) {
                (SASL_HANDSHAKE, Some(_)) => mechanisms(&request),
                (SASL_AUTHENTICATE, Some((user, password))) => authenticated(&request, user, password),
                _ => {
                    write(&mut server, &request).await?;
                    let mut answer = read(&mut server).await?;
                    if asked == API_VERSIONS && self.user.is_some() {
                        tell_of_sasl(&mut answer);
                    }
                    rename(&mut answer, behind, port);
                    answer
                }
            };
            write(&mut client, &answer).await?;
        }
    }
}

/// A message: its length in four bytes, and that many bytes.
async fn read(from: &mut (impl AsyncRead + Unpin)) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; usize::try_from(from.read_u32().await?).unwrap()];
    from.read_exact(&mut bytes).await?;
    Ok(bytes)
}

async fn write(to: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) -> io::Result<()> {
    to.write_u32(u32::try_from(bytes.len()).unwrap()).await?;
    to.write_all(bytes).await?;
    to.flush().await
}

/// An answer begins with the number that its request has behind kind and version.
fn answer_to(request: &[u8], error: u16) -> Vec<u8> {
    [&request[4..8], &error.to_be_bytes()].concat()
}

/// A list of one name.
fn mechanisms(request: &[u8]) -> Vec<u8> {
    [&answer_to(request, 0)[..], &[0, 0, 0, 1, 0, 5], b"PLAIN"].concat()
}

/// The request ends with the proof. The answer has a text or none, and no bytes.
fn authenticated(request: &[u8], user: &str, password: &str) -> Vec<u8> {
    let none = u32::to_be_bytes(0);
    if request.ends_with(format!("\0{user}\0{password}").as_bytes()) {
        return [&answer_to(request, 0)[..], &u16::MAX.to_be_bytes(), &none].concat();
    }
    let words = b"Invalid username or password";
    [&answer_to(request, AUTHENTICATION_FAILED)[..], &[0, 28], words, &none].concat()
}

/// Adds two kinds of requests, in their first versions, to the list of those that are answered.
fn tell_of_sasl(answer: &mut Vec<u8>) {
    let (error, listed) = (u16::from_be_bytes([answer[4], answer[5]]), &answer[6..10]);
    let count = u32::from_be_bytes(listed.try_into().unwrap());
    if error == 0 {
        answer[6..10].copy_from_slice(&(count + 2).to_be_bytes());
        let handshake = [0, 17, 0, 0, 0, 1];
        let authenticate = [0, 36, 0, 0, 0, 0];
        answer.splice(10..10, handshake.into_iter().chain(authenticate));
    }
}

/// Host and port stand side by side, the port in four bytes.
fn rename(answer: &mut [u8], behind: u16, port: u16) {
    let host = b"127.0.0.1";
    let named = [&host[..], &u32::from(behind).to_be_bytes()].concat();
    for at in 0..answer.len().saturating_sub(named.len() - 1) {
        if answer[at..].starts_with(&named) {
            answer[at + host.len()..at + named.len()].copy_from_slice(&u32::from(port).to_be_bytes());
        }
    }
}
