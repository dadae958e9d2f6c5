//! The arguments of `projector relay`.

use std::time::Duration;

use clap::Args;
use rand::TryRng;

use super::telling::Telling;
use crate::{Error, relay};

/// Arguments of `projector relay`.
#[derive(Debug, Args)]
pub struct Relay {
    /// The subscription's name: how far it has come is remembered under it
    #[arg(long, value_name = "NAME", value_parser = subscription_name)]
    pub subscription: String,

    /// Make the subscription if there is none of that name: it starts at the beginning of the log
    #[arg(long)]
    pub create: bool,

    /// End when all that is in the log has been written, for an export
    ///
    /// If another relay holds the subscription, or the database is away, that is an error.
    #[arg(long)]
    pub once: bool,

    /// A name for this process that no other relay has; random unless given
    ///
    /// Give a name that stays the same when the process restarts: then the relay goes on at once after a
    /// crash. Otherwise it waits until its former lease runs out, which takes 30 seconds.
    #[arg(long, value_name = "NAME")]
    pub holder: Option<String>,

    /// How events are told
    #[command(flatten)]
    pub telling: Telling,

    /// About how many events are written before the subscription remembers them: 1 to 10000
    #[arg(long, value_name = "EVENTS", default_value_t = 500, value_parser = |text: &str| number(text, 1, 10_000))]
    pub batch: u32,

    /// How many milliseconds to wait when there was nothing new: 1 to 60000
    #[arg(long, value_name = "MILLISECONDS", default_value_t = 100, value_parser = |text: &str| number(text, 1, 60_000))]
    pub idle_ms: u32,
}

impl Relay {
    /// The relay that these arguments ask for.
    ///
    /// # Errors
    ///
    /// The process needs a random name, and the generator fails.
    pub fn settings(self, rng: &mut impl TryRng) -> Result<relay::Relay, Error> {
        let holder = match self.holder {
            Some(holder) => holder,
            None => random_name(rng)?,
        };
        Ok(relay::Relay {
            subscription: self.subscription,
            create: self.create,
            once: self.once,
            holder,
            telling: self.telling.settings(),
            batch: self.batch,
            idle: Duration::from_millis(self.idle_ms.into()),
        })
    }
}

pub(super) fn random_name(rng: &mut impl TryRng) -> Result<String, Error> {
    let number = rng.try_next_u64().map_err(|error| Error::Name(error.to_string()))?;
    Ok(format!("projector-{number:016x}"))
}

fn number(text: &str, least: u32, most: u32) -> Result<u32, String> {
    let number = text.parse().ok().filter(|number| (least..=most).contains(number));
    number.ok_or_else(|| format!("it must be a number from {least} to {most}"))
}

fn subscription_name(text: &str) -> Result<String, String> {
    let is_name = !text.trim().is_empty();
    is_name
        .then(|| text.to_owned())
        .ok_or("it must have a name; `projector subscriptions list` lists them".to_owned())
}
