//! The arguments of webhooks.

use std::path::PathBuf;

use clap::Args;

use crate::relay::sink::webhook::{Means, WebhookError, secrets_of};

/// How events are posted to webhooks.
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
    /// The means of webhooks. `environment` has the secrets if there is no file.
    ///
    /// # Errors
    ///
    /// The secrets cannot be read.
    pub fn means(&self, environment: impl FnOnce(&str) -> Option<String>) -> Result<Means, WebhookError> {
        let secrets = secrets_of(self.webhook_secrets.as_deref(), environment)?;
        Ok(Means { secrets, private: self.webhook_private })
    }
}
