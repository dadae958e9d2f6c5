//! The connection to a Redis server, with the end of the stream read.

use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, ErrorKind, IntoConnectionInfo, Pipeline,
    RedisConnectionInfo, RedisError, RedisResult, Value,
};

use super::Wanted;
use super::tail::{EntryId, Tail};
use crate::relay::sink::address::Address;

/// How many entries are read at the end of the stream: as many as the largest batch has events, so that a
/// batch which is delivered again meets all of itself there.
const TAIL: usize = 10_000;

pub(super) struct Line {
    connection: MultiplexedConnection,
    pub(super) tail: Tail,
    /// The longest field that the server takes, where it says so.
    pub(super) size_max: Option<usize>,
}

/// A field of an entry: its name and its value.
type Field = (String, Vec<u8>);

impl Line {
    /// The error says what to do.
    pub(super) async fn open(address: &Address, wanted: &Wanted, name: &str) -> Result<Self, String> {
        let connection = connect(address, wanted).await.map_err(|error| refusal(name, address, &error))?;
        let mut line = Self { connection, tail: Tail::default(), size_max: None };
        let unread = |error| format!("{name}: the stream `{}` cannot be read: {error}", wanted.key);
        line.tail = line.read(&wanted.key).await.map_err(unread)?;
        line.tell(name).await;
        Ok(line)
    }

    pub(super) async fn ask(&mut self, pipeline: &Pipeline) -> RedisResult<Vec<RedisResult<Value>>> {
        pipeline.query_async(&mut self.connection).await
    }

    /// The last id and the events of the last entries.
    async fn read(&mut self, key: &str) -> RedisResult<Tail> {
        let exists: bool = redis::cmd("EXISTS").arg(key).query_async(&mut self.connection).await?;
        if !exists {
            return Ok(Tail::default());
        }
        // First, so that what is added meanwhile is seen, or refuses our ids. The last id may be above that
        // of the last entry, which may have been removed.
        let stream: redis::streams::StreamInfoStreamReply =
            redis::cmd("XINFO").arg("STREAM").arg(key).query_async(&mut self.connection).await?;
        let last = stream.last_generated_id.parse::<EntryId>();
        let last = last.map_err(|_| RedisError::from((ErrorKind::Parse, "its last id is no id")))?;
        let mut look = redis::cmd("XREVRANGE");
        look.arg(key).arg("+").arg("-").arg("COUNT").arg(TAIL);
        let entries: Vec<(String, Vec<Field>)> = look.query_async(&mut self.connection).await?;
        let ids = entries.into_iter().flat_map(|(_, fields)| fields).filter(|(name, _)| name == "id");
        Ok(Tail::new(last, ids.map(|(_, id)| String::from_utf8_lossy(&id).into_owned()).collect()))
    }

    /// Says what an acknowledgement is worth, and learns how much a field may hold.
    async fn tell(&mut self, name: &str) {
        self.size_max = self.setting("proto-max-bulk-len").await.and_then(|text| text.parse().ok());
        let (appends, syncs) = (self.setting("appendonly").await, self.setting("appendfsync").await);
        match (appends.as_deref(), syncs.as_deref()) {
            (Some("yes"), Some("always")) => {}
            (Some("yes"), Some(syncs)) => tracing::warn!(
                "{name} acknowledges before the disk has an event (`appendfsync {syncs}`): after a crash of that \
                 machine deliver again what was recorded since, by `projector relay replay --from`"
            ),
            (Some(_), _) => tracing::warn!(
                "{name} keeps no log on disk (`appendonly no`): a restart may lose acknowledged events. Turn it \
                 on, or deliver them again by `projector relay replay --from`"
            ),
            (None, _) => tracing::warn!(
                "{name} does not say whether it syncs to disk: let the user run `config|get`, or look at \
                 `appendonly` and `appendfsync` yourself"
            ),
        }
    }

    async fn setting(&mut self, setting: &str) -> Option<String> {
        let asked = redis::cmd("CONFIG").arg("GET").arg(setting).query_async(&mut self.connection).await;
        let (_, value): (String, String) = asked.ok()?;
        Some(value)
    }
}

async fn connect(address: &Address, wanted: &Wanted) -> RedisResult<MultiplexedConnection> {
    let (host, port) = (address.host.clone(), address.port);
    let place = match address.encrypted {
        true => ConnectionAddr::TcpTls { host, port, insecure: false, tls_params: None },
        false => ConnectionAddr::Tcp(host, port),
    };
    let mut user = RedisConnectionInfo::default().set_db(wanted.database);
    if let Some(name) = &address.user {
        user = user.set_username(name);
    }
    if let Some(password) = address.password() {
        user = user.set_password(password);
    }
    let client = Client::open(place.into_connection_info()?.set_redis_settings(user))?;
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(address.timeout))
        .set_response_timeout(Some(address.timeout));
    client.get_multiplexed_async_connection_with_config(&config).await
}

fn refusal(name: &str, address: &Address, error: &RedisError) -> String {
    match error.kind() {
        ErrorKind::AuthenticationFailed => {
            let user = address.user.as_deref().unwrap_or("default");
            format!(
                "{name} refuses the user `{user}`: {error}; SESSION_LEDGER_RELAY_PASSWORD or `password-file` holds the password"
            )
        }
        _ => format!("{name} cannot be reached: {error}"),
    }
}
