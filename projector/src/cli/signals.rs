//! The commands and arguments of Shared Signals.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use rand::TryRng;

use super::relay::random_name;
use super::webhook::Webhook;
use crate::relay::sink::push;
use crate::relay::target::Means;
use crate::ssf::{SigningKey, Transmitter};
use crate::{Error, ssf};

/// The environment variable of the `Authorization` that receivers want.
const AUTHORIZATION: &str = "SESSION_LEDGER_SSF_AUTHORIZATION";

/// Documents for receivers of Shared Signals.
#[derive(Debug, Subcommand)]
pub enum Ssf {
    /// Print the public keys that receivers verify with (JWKS)
    ///
    /// Serve it at the `jwks_uri` of the configuration. At a change of keys print the old one and the new
    /// one, and give relays the new one once receivers have had the time to fetch it. It needs no database.
    ///
    /// Example: projector ssf keys --key /etc/shop/ssf.pem > /srv/www/jwks.json
    Keys {
        /// The PEM file with a private RSA key; may be given several times
        #[arg(long, value_name = "FILE", required = true)]
        key: Vec<PathBuf>,
    },
    /// Print the configuration of the transmitter
    ///
    /// Serve it at /.well-known/ssf-configuration of the issuer. Its streams are agreed upon by hand: the
    /// receiver says its address, and a relay pushes to it. It needs no database.
    ///
    /// Example: projector ssf configuration --issuer https://a.example --jwks-uri https://a.example/jwks.json
    Configuration {
        /// The issuer, an https URL
        #[arg(long, value_name = "URL", value_parser = https)]
        issuer: String,
        /// Where the public keys are served
        #[arg(long, value_name = "URL", value_parser = https)]
        jwks_uri: String,
    },
    /// Serve the endpoints at which receivers make, verify and poll their streams
    ///
    /// A receiver makes its streams itself, chooses its events, and gets them pushed or polls them; what it
    /// acknowledges moves the stream's cursor. Streams are subscriptions: `projector relay list` shows them.
    /// Serves the configuration and the keys too, and pushes what is to be pushed. Several may run side by
    /// side.
    ///
    /// It speaks plain http, and receivers send their tokens: let it listen where your proxy with https alone
    /// may ask. Runs until it is interrupted, and ends with exit code 0. It needs a role that is granted
    /// session_ledger_relay.
    ///
    /// Example: projector ssf serve --issuer https://a.example --key ssf.pem --receivers receivers
    Serve(SsfServe),
    /// Print a line for the file of the receivers, and tell a new token
    ///
    /// The line holds the token's hash alone. A receiver may have several lines of its name: to change its
    /// token, add a line, give it the new one, and take the old line out. The file is read anew at each
    /// request. It needs no database.
    ///
    /// Example: projector ssf receiver forum https://b.example/caep >> receivers
    Receiver {
        /// The name: up to 64 letters, digits and the characters . _ -
        #[arg(value_name = "NAME")]
        name: String,
        /// Whom its tokens are for, as the receiver says it; several are names of the same receiver
        #[arg(value_name = "AUDIENCE", required = true)]
        audience: Vec<String>,
    },
}

/// How receivers are served.
#[derive(Debug, Args)]
pub struct SsfServe {
    /// The address and port to listen on
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8095")]
    pub listen: SocketAddr,

    /// The issuer, an https URL: what a proxy gets there for /ssf/ and /.well-known/ is asked here
    #[arg(long, value_name = "URL", value_parser = issuer)]
    pub issuer: String,

    /// The PEM file with a private RSA key; may be given several times, the one that signs first
    #[arg(long, value_name = "FILE", required = true)]
    pub key: Vec<PathBuf>,

    /// The file of the receivers: lines of `projector ssf receiver`
    #[arg(long, value_name = "FILE")]
    pub receivers: PathBuf,

    /// Let a receiver that is pushed to be in one's own network, and unencrypted there
    #[arg(long)]
    pub private: bool,

    /// A name for this process that no other has; random unless given
    #[arg(long, value_name = "NAME")]
    pub holder: Option<String>,
}

impl SsfServe {
    /// How receivers are served.
    ///
    /// # Errors
    ///
    /// A key cannot be read, or the process needs a random name and the generator fails.
    pub fn settings(self, rng: &mut impl TryRng) -> Result<ssf::Settings, Error> {
        let keys = self.key.iter().map(|file| SigningKey::from_file(file)).collect::<Result<_, _>>()?;
        let holder = match self.holder {
            Some(holder) => holder,
            None => random_name(rng)?,
        };
        let Self { listen, issuer, receivers, private, .. } = self;
        Ok(ssf::Settings { listen, issuer, keys, receivers, private, holder })
    }
}

/// How security events are told to receivers of Shared Signals.
#[derive(Clone, Debug, Default, Args)]
pub struct Signals {
    /// Who tells security events to a receiver of Shared Signals: the issuer, an https URL
    ///
    /// The receiver may want an Authorization header: set SESSION_LEDGER_SSF_AUTHORIZATION to its value.
    #[arg(long, value_name = "URL", value_parser = https, requires_all = ["ssf_audience", "ssf_key"])]
    pub ssf_issuer: Option<String>,

    /// Whom they are told to: the audience, as the receiver says it
    #[arg(long, value_name = "AUDIENCE", requires = "ssf_issuer")]
    pub ssf_audience: Option<String>,

    /// The PEM file with the private RSA key that signs them
    #[arg(long, value_name = "FILE", requires = "ssf_issuer")]
    pub ssf_key: Option<PathBuf>,

    /// Let a receiver of Shared Signals be in one's own network
    #[arg(long)]
    pub ssf_private: bool,
}

impl Signals {
    /// What receivers need; none where nobody is to tell anything.
    fn means(&self, environment: impl Fn(&str) -> Option<String>) -> Result<Option<push::Means>, Error> {
        let (Some(issuer), Some(audience), Some(key)) = (&self.ssf_issuer, &self.ssf_audience, &self.ssf_key)
        else {
            return Ok(None);
        };
        let key = SigningKey::from_file(key)?;
        let authorization = environment(AUTHORIZATION).map(|text| text.parse()).transpose();
        let authorization = authorization.map_err(|error: push::AuthorizationError| {
            Error::Arguments(format!("{AUTHORIZATION}: {error}"))
        })?;
        let transmitter = Transmitter { issuer: issuer.clone(), audiences: vec![audience.clone()], key };
        Ok(Some(push::Means { transmitter, authorization, private: self.ssf_private }))
    }
}

/// What targets need; `environment` has secrets.
pub(super) fn means(
    webhook: &Webhook,
    signals: &Signals,
    environment: impl Fn(&str) -> Option<String>,
) -> Result<Means, Error> {
    let signals = signals.means(&environment)?;
    Ok(Means { webhook: webhook.means(environment)?, signals })
}

fn issuer(text: &str) -> Result<String, String> {
    let url = https(text)?;
    if url.contains(['?', '#']) {
        Err("an issuer's URL has no query and no fragment".to_owned())
    } else {
        Ok(url)
    }
}

fn https(text: &str) -> Result<String, String> {
    let is_url = text.strip_prefix("https://").is_some_and(|rest| !rest.is_empty());
    is_url.then(|| text.to_owned()).ok_or_else(|| "an issuer's URL begins with https://".to_owned())
}
