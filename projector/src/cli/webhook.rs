//! The arguments of a webhook.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::relay::sink::webhook::{Receiver, WebhookError, secrets_of};

/// How long an answer may take: the standard recommends 15 to 30 seconds.
const TIMEOUT: Duration = Duration::from_secs(20);

/// For how long a receiver is left alone after its first failure, and at most.
const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(15 * 60)];

/// How events are posted to a webhook.
#[derive(Clone, Debug, Default, Args)]
pub struct Webhook {
    /// The file of the secrets that sign what is posted to a webhook: one a line
    ///
    /// At a change of secrets it holds both, the new one and the old one. Without a file the secrets are
    /// those in SESSION_LEDGER_WEBHOOK_SECRETS.
    #[arg(long, value_name = "FILE")]
    pub webhook_secrets: Option<PathBuf>,

    /// Let a webhook's receiver be in one's own network: at a loopback, private or link-local address
    #[arg(long)]
    pub webhook_private: bool,
}

impl Webhook {
    /// The receiver at `url`. `environment` has the secrets if there is no file.
    ///
    /// # Errors
    ///
    /// The address is none of a webhook, or the secrets cannot be read.
    pub fn receiver(
        &self,
        url: &str,
        environment: impl FnOnce(&str) -> Option<String>,
    ) -> Result<Receiver, WebhookError> {
        Ok(Receiver {
            endpoint: url.parse().map_err(WebhookError::Endpoint)?,
            secrets: secrets_of(self.webhook_secrets.as_deref(), environment)?,
            private: self.webhook_private,
            timeout: TIMEOUT,
            pauses: PAUSES,
        })
    }
}
