//! The address of a sink: `--to`.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use time::OffsetDateTime;

use super::ndjson::{LineFile, Lines};
use super::sink::Sink;
use super::sink::push::{self, Push};
use super::sink::webhook::{self, Endpoint, EndpointError, Receiver, Webhook};
#[cfg(any(feature = "kafka", feature = "nats", feature = "rabbitmq", feature = "redis"))]
use super::sink::{address, broker};
use crate::Error;

/// Schemes of sinks that are built in by a feature only, and the features.
const FEATURES: &[(&str, &str)] = &[
    ("kafka", "kafka"),
    ("kafka+ssl", "kafka-tls"),
    ("nats", "nats"),
    ("tls", "nats"),
    ("amqp", "rabbitmq"),
    ("amqps", "rabbitmq"),
    ("redis", "redis"),
    ("rediss", "redis"),
];

/// Where a relay delivers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// Lines of JSON to standard output.
    Stdout,
    /// Lines of JSON behind those of a file.
    File(PathBuf),
    /// A webhook.
    Webhook(Endpoint),
    /// A receiver of Shared Signals.
    Signals(Endpoint),
    /// A broker.
    #[cfg(any(feature = "kafka", feature = "nats", feature = "rabbitmq", feature = "redis"))]
    Broker(broker::Broker),
}

/// What sinks need beside their addresses, which hold no secrets.
#[derive(Clone, Debug, Default)]
pub struct Means {
    /// What webhooks need.
    pub webhook: webhook::Means,
    /// What receivers of Shared Signals need.
    pub signals: Option<push::Means>,
}

/// An address that no sink has. It may hold a password, so the message does not repeat it.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TargetError {
    /// No sink has this scheme.
    #[error(
        "no sink has the scheme `{scheme}:`; say - for standard output, file:PATH for lines of JSON in a file, the \
         https:// address of a webhook, the ssf+https:// address of a receiver of Shared Signals, or the kafka://, \
         nats://, amqps:// or rediss:// address of a broker"
    )]
    Unknown {
        /// What stands before the colon.
        scheme: String,
    },
    /// The sink is not built in.
    #[error("the sink of `{scheme}:` is not built in: build the projector with `--features {feature}`")]
    NotBuiltIn {
        /// What stands before the colon.
        scheme: String,
        /// The feature of the projector that builds it in.
        feature: &'static str,
    },
    /// There is no scheme.
    #[error(
        "a target begins with its kind, such as file:/var/log/sessions.ndjson; - alone is standard output"
    )]
    NoScheme,
    /// It is no address of a webhook.
    #[error(transparent)]
    Webhook(#[from] EndpointError),
    /// A file has no name.
    #[error("say which file, such as file:/var/log/sessions.ndjson")]
    NoPath,
    /// A broker's address does not fit.
    #[cfg(any(feature = "kafka", feature = "nats", feature = "rabbitmq", feature = "redis"))]
    #[error(transparent)]
    Broker(#[from] address::AddressError),
}

/// As its `Display`.
impl fmt::Debug for TargetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Target {
    /// The sink at this address. It connects when it is first asked.
    ///
    /// # Errors
    ///
    /// It lacks the means, such as a secret; TLS cannot be set up, or a broker's password cannot be read.
    pub fn sink(&self, means: &Means) -> Result<Box<dyn Sink>, Error> {
        Ok(match self {
            Self::Stdout => Box::new(Lines::new(tokio::io::stdout())),
            Self::File(path) => Box::new(LineFile::new(path)),
            Self::Webhook(endpoint) => {
                let receiver = Receiver::new(endpoint.clone(), means.webhook.clone());
                Box::new(Webhook::new(receiver, OffsetDateTime::now_utc)?)
            }
            Self::Signals(endpoint) => {
                let means = means.signals.clone().ok_or_else(|| Error::Arguments(NO_MEANS.to_owned()))?;
                Box::new(Push::new(endpoint.clone(), means, OffsetDateTime::now_utc)?)
            }
            #[cfg(any(feature = "kafka", feature = "nats", feature = "rabbitmq", feature = "redis"))]
            Self::Broker(broker) => broker.sink().map_err(TargetError::from)?,
        })
    }
}

const NO_MEANS: &str = "security events are signed: say with --ssf-issuer, --ssf-audience and --ssf-key who tells whom, and \
                        with which key";

impl FromStr for Target {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        if text == "-" {
            return Ok(Self::Stdout);
        }
        let (scheme, rest) = text.split_once(':').ok_or(TargetError::NoScheme)?;
        match scheme {
            "file" if rest.is_empty() => Err(TargetError::NoPath),
            "file" => Ok(Self::File(rest.into())),
            "https" | "http" => Ok(Self::Webhook(text.parse()?)),
            "ssf+https" | "ssf+http" => Ok(Self::Signals(text["ssf+".len()..].parse()?)),
            #[cfg(any(feature = "kafka", feature = "nats", feature = "rabbitmq", feature = "redis"))]
            _ if broker::is_built_in(scheme) => Ok(Self::Broker(text.parse()?)),
            _ => Err(missing(scheme)),
        }
    }
}

fn missing(scheme: &str) -> TargetError {
    let scheme = scheme.to_owned();
    match FEATURES.iter().find(|(name, _)| *name == scheme) {
        Some((_, feature)) => TargetError::NotBuiltIn { scheme, feature },
        None => TargetError::Unknown { scheme },
    }
}

#[test]
fn a_target_is_read_and_a_wrong_one_says_what_to_write() {
    assert_eq!("-".parse(), Ok(Target::Stdout));
    assert_eq!("file:/var/log/sessions.ndjson".parse(), Ok(Target::File("/var/log/sessions.ndjson".into())));
    let told = |text: &str| text.parse::<Target>().map(|_| ()).map_err(|error| error.to_string());
    let no_scheme =
        "a target begins with its kind, such as file:/var/log/sessions.ndjson; - alone is standard output";
    assert_eq!(told("sessions.ndjson"), Err(no_scheme.to_owned()));
    assert_eq!(told("file:"), Err("say which file, such as file:/var/log/sessions.ndjson".to_owned()));
    let unknown = "no sink has the scheme `gopher:`; say - for standard output, file:PATH for lines of JSON in a \
                   file, the https:// address of a webhook, the ssf+https:// address of a receiver of Shared \
                   Signals, or the kafka://, nats://, amqps:// or rediss:// address of a broker";
    assert!(matches!("https://hooks.example/shop".parse(), Ok(Target::Webhook(_))));
    assert!(matches!("ssf+https://forum.example/events".parse(), Ok(Target::Signals(_))));
    let password = "a webhook's address has no user and no password: what is sent is signed instead";
    assert_eq!(told("https://shop:hunter2@hooks.example/"), Err(password.to_owned()));
    assert_eq!(told("gopher://shop:hunter2@localhost"), Err(unknown.to_owned()));
}

#[test]
fn a_broker_that_is_not_built_in_says_how_to_build_it_in() {
    let rabbitmq = ("amqps://host/?queue=audit", "rabbitmq", cfg!(feature = "rabbitmq"));
    let redis = ("redis://host/?stream=audit", "redis", cfg!(feature = "redis"));
    let kafka = ("kafka://host,other:9093/audit", "kafka", cfg!(feature = "kafka"));
    let encrypted = ("kafka+ssl://host/audit", "kafka-tls", cfg!(feature = "kafka-tls"));
    for (url, feature, is_built_in) in [rabbitmq, redis, kafka, encrypted] {
        let scheme = url.split(':').next().unwrap_or_default();
        let told = match url.parse::<Target>() {
            Err(error) => error.to_string(),
            Ok(target) => format!("{target:?}"),
        };
        let missing = format!(
            "the sink of `{scheme}:` is not built in: build the projector with `--features {feature}`"
        );
        let built_in = format!("Broker(Broker(\"{url}\"))");
        assert_eq!(told, if is_built_in { built_in } else { missing });
    }
}
