//! Opening a connection: the hosts of a database are tried in turn, each with its own time limit and
//! encryption.

use std::pin::Pin;
use std::time::{Duration, Instant};

use deadpool_postgres::Connect;
use rand::seq::SliceRandom;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_postgres::config::{Host, LoadBalanceHosts, TargetSessionAttrs};
use tokio_postgres::error::SqlState;
use tokio_postgres::tls::{MakeTlsConnect, TlsConnect};
use tokio_postgres::{Client, Config, NoTls, Socket};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::idle_ends::IdleEnds;
use super::tls::{self, Authorities, EncryptionError};
use crate::store::error::Error;

/// How long one host may take, from the first packet to the end of the login, unless the application says
/// otherwise.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// A connection ends if data stays unacknowledged for this time: the host has gone without closing it.
const TCP_USER_TIMEOUT: Duration = Duration::from_secs(5);

/// An idle connection is probed after the first of these times, then at the second, and given up after this
/// many probes.
const KEEPALIVES: (Duration, Duration, u32) = (Duration::from_secs(10), Duration::from_secs(5), 3);

/// The driver's value for "not set", which is the kernel's default: two hours.
const KEEPALIVES_IDLE_UNSET: Duration = Duration::from_secs(2 * 60 * 60);

type Opened = Result<(Client, JoinHandle<()>), tokio_postgres::Error>;

/// Opens connections to the first host that answers and takes writes.
#[derive(Clone)]
pub(crate) struct Connector {
    hosts: Vec<ToHost>,
    in_random_order: bool,
    connect_timeout: Duration,
    idle_ends: IdleEnds,
}

/// The way to one host.
#[derive(Clone)]
struct ToHost {
    config: Config,
    /// `None`: not encrypted.
    tls: Option<MakeRustlsConnect>,
}

impl Connector {
    /// A connector to the database that `config` names, with [defaults](with_defaults) for settings that it
    /// leaves open. Certificates are verified by `authorities`.
    pub(crate) fn new(config: Config, authorities: &Authorities) -> Result<Self, EncryptionError> {
        let config = with_defaults(config);
        let mut tls = None;
        let mut hosts = Vec::new();
        for mut config in each_host(&config) {
            let is_encrypted = tls::is_encrypted(&config)?;
            if is_encrypted && tls.is_none() {
                tls = Some(tls::verifying(authorities)?);
            }
            if !is_encrypted {
                config.ssl_mode(tokio_postgres::config::SslMode::Disable);
            }
            hosts.push(ToHost { config, tls: tls.clone().filter(|_| is_encrypted) });
        }
        Ok(Self {
            hosts,
            in_random_order: config.get_load_balance_hosts() == LoadBalanceHosts::Random,
            connect_timeout: config.get_connect_timeout().copied().unwrap_or(CONNECT_TIMEOUT),
            idle_ends: IdleEnds::default(),
        })
    }

    /// How long opening a connection may take: the time of one host, times the number of hosts.
    pub(crate) fn patience(&self) -> Duration {
        self.connect_timeout.saturating_mul(u32::try_from(self.hosts.len()).unwrap_or(u32::MAX))
    }

    /// The transactions on its connections that the server has ended for being idle.
    pub(crate) fn idle_ends(&self) -> IdleEnds {
        self.idle_ends.clone()
    }

    /// Opens a connection outside of any pool.
    pub(crate) async fn client(&self) -> Result<(Client, JoinHandle<()>), Error> {
        match timeout(self.patience(), self.open()).await {
            Ok(opened) => opened.map_err(|error| Error::unreachable(&error)),
            Err(_) => Err(Error::late()),
        }
    }

    /// Whether a server lets a further connection in, or says why not, in the time that opening one may take.
    pub(crate) async fn is_server_there(&self) -> bool {
        match timeout(self.patience(), self.open()).await {
            Ok(opened) => opened.map_or_else(|error| error.code().is_some(), |_| true),
            Err(_) => false,
        }
    }

    /// Tries the hosts in turn. The last one has no time limit of its own: the caller has one for all.
    async fn open(&self) -> Opened {
        let mut hosts: Vec<_> = self.hosts.iter().collect();
        if self.in_random_order {
            hosts.shuffle(&mut rand::rng());
        }
        let last = hosts.pop();
        for host in hosts {
            match timeout(self.connect_timeout, host.open(&self.idle_ends)).await {
                Ok(Ok(opened)) => return Ok(opened),
                Ok(Err(error)) => {
                    tracing::debug!(error = %Error::unreachable(&error), "a host is passed over")
                }
                Err(_) => tracing::debug!("a host that does not answer is passed over"),
            }
        }
        match last {
            Some(host) => host.open(&self.idle_ends).await,
            // The configuration names no host. The driver's error says so.
            None => connect(&Config::new(), NoTls, &self.idle_ends).await,
        }
    }
}

impl Connect for Connector {
    /// Ignores `_config`: the connector was made of the same configuration.
    fn connect(&self, _config: &Config) -> Pin<Box<dyn Future<Output = Opened> + Send + '_>> {
        Box::pin(self.open())
    }
}

impl ToHost {
    async fn open(&self, idle_ends: &IdleEnds) -> Opened {
        match &self.tls {
            Some(tls) => connect(&self.config, tls.clone(), idle_ends).await,
            None => connect(&self.config, NoTls, idle_ends).await,
        }
    }
}

async fn connect<T>(config: &Config, tls: T, idle_ends: &IdleEnds) -> Opened
where
    T: MakeTlsConnect<Socket>,
    T::Stream: Send + 'static,
    <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
{
    let (client, connection) = config.connect(tls).await?;
    let idle_ends = idle_ends.clone();
    let task = tokio::spawn(async move {
        if let Err(error) = connection.await {
            if error.code() == Some(&SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT) {
                idle_ends.note(Instant::now());
            }
            tracing::warn!(error = %Error::from(error), "a connection to the database ended");
        }
    });
    Ok((client, task))
}

/// Fills in the settings that an application has left open. A ledger writes, so without
/// `target_session_attrs` it looks for a server that takes writes.
fn with_defaults(mut config: Config) -> Config {
    if config.get_application_name().is_none() {
        config.application_name("session-ledger");
    }
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(CONNECT_TIMEOUT);
    }
    if config.get_tcp_user_timeout().is_none() {
        config.tcp_user_timeout(TCP_USER_TIMEOUT);
    }
    let (idle, interval, retries) = KEEPALIVES;
    if config.get_keepalives_idle() == KEEPALIVES_IDLE_UNSET {
        config.keepalives_idle(idle);
    }
    if config.get_keepalives_interval().is_none() {
        config.keepalives_interval(interval);
    }
    if config.get_keepalives_retries().is_none() {
        config.keepalives_retries(retries);
    }
    if config.get_target_session_attrs() == TargetSessionAttrs::Any {
        config.target_session_attrs(TargetSessionAttrs::ReadWrite);
    }
    config
}

/// The configuration once for each host. A configuration that contradicts itself is left whole: the driver's
/// error tells the contradiction.
fn each_host(config: &Config) -> Vec<Config> {
    let (hosts, addresses, ports) = (config.get_hosts(), config.get_hostaddrs(), config.get_ports());
    let count = hosts.len().max(addresses.len());
    let fits = |length: usize| length == 0 || length == count;
    if count < 2 || !fits(hosts.len()) || !fits(addresses.len()) || !(ports.len() == 1 || fits(ports.len())) {
        return vec![config.clone()];
    }
    let one = |nth: usize| {
        let mut one = without_hosts(config);
        match hosts.get(nth) {
            Some(Host::Tcp(name)) => drop(one.host(name)),
            #[cfg(unix)]
            Some(Host::Unix(folder)) => drop(one.host_path(folder)),
            None => {}
        }
        if let Some(address) = addresses.get(nth) {
            one.hostaddr(*address);
        }
        if let Some(port) = ports.get(nth).or(ports.first()) {
            one.port(*port);
        }
        one
    };
    (0..count).map(one).collect()
}

/// A copy of the configuration without its hosts. The driver has no way to remove them.
fn without_hosts(config: &Config) -> Config {
    let mut copy = Config::new();
    config.get_user().map(|user| copy.user(user));
    config.get_password().map(|password| copy.password(password));
    config.get_dbname().map(|name| copy.dbname(name));
    config.get_options().map(|options| copy.options(options));
    config.get_application_name().map(|name| copy.application_name(name));
    config.get_connect_timeout().map(|time| copy.connect_timeout(*time));
    config.get_tcp_user_timeout().map(|time| copy.tcp_user_timeout(*time));
    config.get_keepalives_interval().map(|time| copy.keepalives_interval(time));
    config.get_keepalives_retries().map(|count| copy.keepalives_retries(count));
    copy.keepalives(config.get_keepalives())
        .keepalives_idle(config.get_keepalives_idle())
        .ssl_mode(config.get_ssl_mode())
        .ssl_negotiation(config.get_ssl_negotiation())
        .target_session_attrs(config.get_target_session_attrs())
        .channel_binding(config.get_channel_binding())
        .load_balance_hosts(config.get_load_balance_hosts());
    copy
}

#[cfg(test)]
mod tests {
    use super::{Authorities, Config, Connector, Duration, each_host, with_defaults};
    use tokio_postgres::config::TargetSessionAttrs;

    #[test]
    fn an_application_that_sets_nothing_gets_the_documented_defaults() {
        let config = with_defaults("host=/run/postgresql".parse().unwrap());
        assert_eq!(config.get_application_name(), Some("session-ledger"));
        assert_eq!(config.get_connect_timeout(), Some(&Duration::from_secs(3)));
        assert_eq!(config.get_tcp_user_timeout(), Some(&Duration::from_secs(5)));
        assert!(config.get_keepalives());
        assert_eq!(config.get_keepalives_idle(), Duration::from_secs(10));
        assert_eq!(config.get_keepalives_interval(), Some(Duration::from_secs(5)));
        assert_eq!(config.get_keepalives_retries(), Some(3));
        assert_eq!(config.get_target_session_attrs(), TargetSessionAttrs::ReadWrite);
    }

    #[test]
    fn what_an_application_sets_wins() {
        let text = "host=/run/postgresql application_name=shop connect_timeout=7 tcp_user_timeout=8 keepalives_idle=9 \
                    keepalives_interval=11 keepalives_retries=12 target_session_attrs=read-only";
        let config: Config = text.parse().unwrap();
        assert_eq!(with_defaults(config.clone()), config);
    }

    #[test]
    fn each_host_keeps_its_address_its_port_and_all_settings() {
        let text = |host: &str| {
            format!(
                "{host} user=u password=p dbname=d options='-c a=b' application_name=n sslmode=require \
                 sslnegotiation=direct connect_timeout=7 tcp_user_timeout=8 keepalives=0 keepalives_idle=9 \
                 keepalives_interval=11 keepalives_retries=12 target_session_attrs=read-write channel_binding=require \
                 load_balance_hosts=random"
            )
        };
        let config = |host: &str| text(host).parse::<Config>().unwrap();
        let both = config("host=a.example,b.example hostaddr=192.0.2.1,192.0.2.2 port=1,2");
        let expected = [
            config("host=a.example hostaddr=192.0.2.1 port=1"),
            config("host=b.example hostaddr=192.0.2.2 port=2"),
        ];
        assert_eq!(each_host(&both), expected);
        assert_eq!(
            each_host(&config("host=/a,/b port=5")),
            [config("host=/a port=5"), config("host=/b port=5")]
        );
        // Three ports for two hosts: the driver refuses it.
        assert_eq!(each_host(&config("host=/a,/b port=1,2,3")), [config("host=/a,/b port=1,2,3")]);
    }

    #[test]
    fn each_host_has_the_time_of_one() {
        let patience =
            |text: &str| Connector::new(text.parse().unwrap(), &Authorities::default()).unwrap().patience();
        assert_eq!(patience("host=/a"), Duration::from_secs(3));
        assert_eq!(patience("host=/a,/b connect_timeout=2"), Duration::from_secs(4));
    }
}
