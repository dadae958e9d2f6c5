//! The commands and arguments of Shared Signals.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::webhook::Webhook;
use crate::Error;
use crate::relay::sink::push;
use crate::relay::target::Means;
use crate::ssf::{SigningKey, Transmitter};

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
        let transmitter = Transmitter { issuer: issuer.clone(), audience: audience.clone(), key };
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

fn https(text: &str) -> Result<String, String> {
    let is_url = text.strip_prefix("https://").is_some_and(|rest| !rest.is_empty());
    is_url.then(|| text.to_owned()).ok_or_else(|| "an issuer's URL begins with https://".to_owned())
}
