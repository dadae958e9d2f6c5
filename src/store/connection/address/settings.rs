//! The values of an address, made into the driver's configuration.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use tokio_postgres::Config;
use tokio_postgres::config::{ChannelBinding, LoadBalanceHosts, SslMode, SslNegotiation, TargetSessionAttrs};

use super::AddressError;

/// The port of a host that names none.
const PORT: u16 = 5432;

/// The values by the names of their parameters. None is empty.
pub(super) struct Settings(pub(super) BTreeMap<&'static str, String>);

impl Settings {
    fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// The driver's configuration. Without a host it is `default_host`.
    pub(super) fn config(&self, default_host: &str) -> Result<Config, AddressError> {
        let mut config = Config::new();
        self.who(&mut config);
        self.hosts(default_host, &mut config)?;
        self.times(&mut config)?;
        config.ssl_mode(self.ssl_mode()?);
        let negotiation = [("postgres", SslNegotiation::Postgres), ("direct", SslNegotiation::Direct)];
        self.choice("sslnegotiation", &negotiation)?.map(|chosen| config.ssl_negotiation(chosen));
        let binding = [
            ("disable", ChannelBinding::Disable),
            ("prefer", ChannelBinding::Prefer),
            ("require", ChannelBinding::Require),
        ];
        self.choice("channel_binding", &binding)?.map(|chosen| config.channel_binding(chosen));
        let servers = [
            ("any", TargetSessionAttrs::Any),
            ("read-write", TargetSessionAttrs::ReadWrite),
            ("read-only", TargetSessionAttrs::ReadOnly),
        ];
        self.choice("target_session_attrs", &servers)?.map(|chosen| config.target_session_attrs(chosen));
        let orders = [("disable", LoadBalanceHosts::Disable), ("random", LoadBalanceHosts::Random)];
        self.choice("load_balance_hosts", &orders)?.map(|chosen| config.load_balance_hosts(chosen));
        Ok(config)
    }

    /// The file of `sslrootcert`; none if the system's authorities vouch.
    pub(super) fn root_file(&self) -> Result<Option<PathBuf>, AddressError> {
        match self.get("sslrootcert") {
            Some("system") if !matches!(self.ssl_mode()?, SslMode::Require) => Err(AddressError::value(
                "sslmode",
                "`require`, `verify-ca` or `verify-full` beside `sslrootcert=system`: the others verify nothing",
            )),
            Some("system") | None => Ok(None),
            Some(file) => Ok(Some(PathBuf::from(file))),
        }
    }

    /// The three strict modes are one: whoever is encrypted to is verified, by certificate and name. `allow`
    /// is `prefer` to the library: neither decides. `sslrootcert=system` decides, as for libpq.
    fn ssl_mode(&self) -> Result<SslMode, AddressError> {
        let modes = [
            ("disable", SslMode::Disable),
            ("allow", SslMode::Prefer),
            ("prefer", SslMode::Prefer),
            ("require", SslMode::Require),
            ("verify-ca", SslMode::Require),
            ("verify-full", SslMode::Require),
        ];
        let is_by_system = self.get("sslrootcert") == Some("system");
        let left_open = if is_by_system { SslMode::Require } else { SslMode::Prefer };
        Ok(self.choice("sslmode", &modes)?.unwrap_or(left_open))
    }

    fn who(&self, config: &mut Config) {
        self.get("user").map(|user| config.user(user));
        self.get("password").map(|password| config.password(password));
        self.get("dbname").map(|name| config.dbname(name));
        self.get("options").map(|options| config.options(options));
        let name = self.get("application_name").or(self.get("fallback_application_name"));
        name.map(|name| config.application_name(name));
    }

    fn hosts(&self, default_host: &str, config: &mut Config) -> Result<(), AddressError> {
        let addresses = self.list("hostaddr", "one or more IP addresses", None::<IpAddr>)?;
        let ports = self.list("port", "one or more numbers from 1 to 65535", Some(PORT))?;
        let hosts: Vec<_> = match self.get("host") {
            Some(hosts) => hosts.split(',').map(str::trim).collect(),
            None if addresses.is_empty() => vec![""],
            None => Vec::new(),
        };
        let count = hosts.len().max(addresses.len());
        if !hosts.is_empty() && !addresses.is_empty() && hosts.len() != addresses.len() {
            return Err(AddressError::value("hostaddr", "as many addresses as `host` has names"));
        }
        if ports.len() > 1 && ports.len() != count || ports.contains(&0) {
            return Err(AddressError::value("port", "one for all hosts, or one for each, from 1 to 65535"));
        }
        for host in hosts {
            config.host(if host.is_empty() { default_host } else { host });
        }
        for address in addresses {
            config.hostaddr(address);
        }
        for port in ports {
            config.port(port);
        }
        Ok(())
    }

    /// The library never waits without end, so it has no use for a time of 0 to connect. Elsewhere 0 leaves
    /// a setting open, as for libpq.
    fn times(&self, config: &mut Config) -> Result<(), AddressError> {
        let seconds = "a number of seconds";
        let expected = "a number of seconds, at least 1";
        let patience = self.number("connect_timeout", expected)?;
        if patience == Some(0) {
            return Err(AddressError::value("connect_timeout", expected));
        }
        patience.map(|time| config.connect_timeout(Duration::from_secs(time.into())));
        let given = |number: Option<u32>| number.filter(|number| *number > 0);
        given(self.number("tcp_user_timeout", "a number of milliseconds")?)
            .map(|time| config.tcp_user_timeout(Duration::from_millis(time.into())));
        self.choice("keepalives", &[("0", false), ("1", true)])?.map(|wanted| config.keepalives(wanted));
        given(self.number("keepalives_idle", seconds)?)
            .map(|time| config.keepalives_idle(Duration::from_secs(time.into())));
        given(self.number("keepalives_interval", seconds)?)
            .map(|time| config.keepalives_interval(Duration::from_secs(time.into())));
        given(self.number("keepalives_count", "a number")?).map(|count| config.keepalives_retries(count));
        Ok(())
    }

    fn number(&self, name: &str, expected: &str) -> Result<Option<u32>, AddressError> {
        let read = |text: &str| text.trim().parse().map_err(|_| AddressError::value(name, expected));
        self.get(name).map(read).transpose()
    }

    /// A list with commas between its parts. An empty part is `empty`, if that is allowed.
    fn list<T: FromStr + Copy>(
        &self,
        name: &str,
        expected: &str,
        empty: Option<T>,
    ) -> Result<Vec<T>, AddressError> {
        let one = |text: &str| match empty {
            Some(value) if text.trim().is_empty() => Ok(value),
            _ => text.trim().parse().map_err(|_| AddressError::value(name, expected)),
        };
        self.get(name).map_or(Ok(Vec::new()), |list| list.split(',').map(one).collect())
    }

    fn choice<T: Copy>(&self, name: &str, choices: &[(&str, T)]) -> Result<Option<T>, AddressError> {
        let Some(value) = self.get(name) else { return Ok(None) };
        match choices.iter().find(|(word, _)| *word == value) {
            Some((_, chosen)) => Ok(Some(*chosen)),
            None => {
                let words: Vec<_> = choices.iter().map(|(word, _)| format!("`{word}`")).collect();
                Err(AddressError::value(name, &format!("one of {}", words.join(", "))))
            }
        }
    }
}
