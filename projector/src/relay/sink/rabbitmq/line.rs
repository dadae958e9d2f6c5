//! The connection to a RabbitMQ server, with its queue or exchange found.

use std::io;
use std::sync::Arc;

use async_rs::util::RuntimeParts;
use async_rs::{Runtime, Tokio};
use lapin::options::{ConfirmSelectOptions, ExchangeDeclareOptions, QueueDeclareOptions};
use lapin::protocol::{AMQPErrorKind, AMQPSoftError};
use lapin::tcp::AsyncTcpStream;
use lapin::types::{AMQPValue, FieldTable, LongString};
use lapin::uri::{AMQPAuthority, AMQPQueryString, AMQPScheme, AMQPUri, AMQPUserInfo};
use lapin::{Channel, Connection, ConnectionProperties, Error, ErrorKind, ExchangeKind};
use tokio::time::timeout;

use super::Route;
use super::transport::{Transport, connected};
use crate::relay::sink::address::Address;
use crate::relay::sink::tls;

/// A connection whose channel confirms what is published.
pub(super) struct Line {
    connection: Connection,
    pub(super) channel: Channel,
}

impl Line {
    /// The error says what to do.
    pub(super) async fn open(address: &Address, route: &Route, name: &str) -> Result<Self, String> {
        let opening = async {
            let connection = connect(address).await?;
            let channel = ready(&connection, route, name).await?;
            Ok(Self { connection, channel })
        };
        let opened = timeout(address.timeout, opening).await;
        opened.map_err(|_| format!("{name} does not answer within {:?}", address.timeout))?.map_err(
            |trouble| match trouble {
                Trouble::Client(error) => refusal(name, address, &error),
                Trouble::Told(words) => words,
            },
        )
    }

    pub(super) fn is_up(&self) -> bool {
        self.connection.status().connected() && self.channel.status().connected()
    }
}

enum Trouble {
    Client(Error),
    Told(String),
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Self::Client(error)
    }
}

async fn connect(address: &Address) -> Result<Connection, Trouble> {
    let tls = if address.encrypted { Some(Arc::new(tls::verifying().map_err(Trouble::Told)?)) } else { None };
    let place = (address.host.clone(), address.port);
    let runtime = Runtime::new(RuntimeParts::new(Tokio::current(), Transport(Tokio::current())));
    let name = LongString::from("session-ledger relay");
    let properties = ConnectionProperties::default().with_connection_name(name);
    let connect = async move |_, _| {
        let stream = connected(&place, tls.clone()).await.map_err(Error::from)?;
        Ok(AsyncTcpStream::Plain(stream))
    };
    Ok(Connection::connector(uri(address), runtime, connect, properties).await?)
}

/// Without a path the virtual host is the server's default one. The scheme is of no account here: encryption
/// is the transport's.
fn uri(address: &Address) -> AMQPUri {
    let user = address.user.clone().unwrap_or_else(|| "guest".to_owned());
    let password = address.password().unwrap_or("guest").to_owned();
    AMQPUri {
        scheme: AMQPScheme::AMQP,
        authority: AMQPAuthority {
            userinfo: AMQPUserInfo { username: user, password },
            host: address.host.clone(),
            port: address.port,
        },
        vhost: if address.path.is_empty() { "/".to_owned() } else { address.path.clone() },
        query: AMQPQueryString::default(),
    }
}

/// A channel with confirmations, once the queue or exchange is there.
async fn ready(connection: &Connection, route: &Route, name: &str) -> Result<Channel, Trouble> {
    match route {
        Route::Queue(queue) => find_or_make(connection, queue).await?,
        Route::Exchange(exchange) => find(connection, exchange, name).await?,
    }
    let channel = connection.create_channel().await?;
    channel.confirm_select(ConfirmSelectOptions::default()).await?;
    Ok(channel)
}

/// A queue that is there is left as it is, of whatever kind. A new one is a quorum queue: it has the message
/// on the disks of most of its nodes before it confirms.
async fn find_or_make(connection: &Connection, queue: &str) -> Result<(), Trouble> {
    // The answer that it is missing closes the channel.
    let looking = connection.create_channel().await?;
    let passive = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
    match looking.queue_declare(queue.into(), passive, FieldTable::default()).await {
        Err(error) if is_missing(&error) => {}
        found => {
            found?;
            return Ok(looking.close(200, "".into()).await?);
        }
    }
    let making = connection.create_channel().await?;
    let durable = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
    let mut quorum = FieldTable::default();
    quorum.insert("x-queue-type".into(), AMQPValue::LongString("quorum".into()));
    making.queue_declare(queue.into(), durable, quorum).await?;
    Ok(making.close(200, "".into()).await?)
}

/// An exchange is not made: without the queues that are bound to it, it would be of no use.
async fn find(connection: &Connection, exchange: &str, name: &str) -> Result<(), Trouble> {
    let looking = connection.create_channel().await?;
    let passive = ExchangeDeclareOptions { passive: true, ..ExchangeDeclareOptions::default() };
    let kind = ExchangeKind::Topic;
    match looking.exchange_declare(exchange.into(), kind, passive, FieldTable::default()).await {
        Err(error) if is_missing(&error) => Err(Trouble::Told(format!(
            "{name} has no exchange `{exchange}`: declare it, and bind the consumers' queues to it"
        ))),
        found => {
            found?;
            Ok(looking.close(200, "".into()).await?)
        }
    }
}

fn is_missing(error: &Error) -> bool {
    let missing = AMQPErrorKind::Soft(AMQPSoftError::NOTFOUND);
    matches!(error.kind(), ErrorKind::ProtocolError(error) if *error.kind() == missing)
}

/// The server's own words, where it has spoken.
pub(super) fn words(error: &Error) -> String {
    match error.kind() {
        ErrorKind::ProtocolError(error) => error.get_message().to_string(),
        ErrorKind::IOError(error) => reason(error),
        _ => error.to_string(),
    }
}

fn reason(error: &io::Error) -> String {
    format!("the connection was lost ({error}), and nobody knows whether a queue has the event")
}

fn refusal(name: &str, address: &Address, error: &Error) -> String {
    match error.kind() {
        ErrorKind::IOError(error) => format!("{name} cannot be reached: {error}"),
        ErrorKind::ProtocolError(error) => {
            let user = address.user.as_deref().unwrap_or("guest");
            format!("{name} refuses the user `{user}`: {}", error.get_message())
        }
        _ => format!("{name} cannot be used: {error}"),
    }
}
