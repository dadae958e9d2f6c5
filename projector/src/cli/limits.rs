//! The time limits of the application's sessions, as arguments.

use std::fs;
use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use session_ledger::session::Policy;
use session_ledger::web::Settings;

use crate::{Error, database};

/// Where a command learns the limits of the sessions that have none of their own.
#[derive(Debug, Default, Args)]
pub struct Limits {
    /// The application's idle limit, such as 30m or 14d, or none
    ///
    /// It is for the sessions that have no limit of their own. A shorter one than the application's ends
    /// sessions that are in use.
    #[arg(long, value_name = "SPAN", env = "SESSION_LEDGER_IDLE_TIMEOUT", value_parser = |text: &str| limit("idle_timeout", text))]
    pub idle_timeout: Option<Limit>,

    /// The application's absolute limit, such as 12h or 30d, or none
    #[arg(long, value_name = "SPAN", env = "SESSION_LEDGER_ABSOLUTE_TIMEOUT", value_parser = |text: &str| limit("absolute_timeout", text))]
    pub absolute_timeout: Option<Limit>,

    /// A JSON file with the application's settings: the limits are those of its policy
    #[arg(long, value_name = "FILE", env = "SESSION_LEDGER_SETTINGS", conflicts_with_all = ["idle_timeout", "absolute_timeout"])]
    pub settings: Option<PathBuf>,
}

/// A limit in seconds, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit(pub Option<u32>);

impl Limits {
    /// Whether nothing was said: then the limits that sessions have of their own are all that is known.
    pub fn are_unknown(&self) -> bool {
        self.idle_timeout.is_none() && self.absolute_timeout.is_none() && self.settings.is_none()
    }

    /// A policy with these limits.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or says what cannot be followed.
    pub fn policy(&self) -> Result<Policy, Error> {
        let (idle, absolute) = match &self.settings {
            Some(file) => {
                let refused = |problem: String| Error::Arguments(format!("{}: {problem}", file.display()));
                let text = fs::read_to_string(file).map_err(|error| refused(error.to_string()))?;
                let settings: Settings =
                    serde_json::from_str(&text).map_err(|error| refused(error.to_string()))?;
                settings.validate().map_err(|error| refused(error.to_string()))?;
                (settings.policy.idle_timeout, settings.policy.absolute_timeout)
            }
            None => {
                (self.idle_timeout.and_then(|limit| limit.0), self.absolute_timeout.and_then(|limit| limit.0))
            }
        };
        Ok(database::policy().idle_timeout(idle).absolute_timeout(absolute))
    }
}

/// Reads a limit as a policy does.
fn limit(setting: &str, text: &str) -> Result<Limit, String> {
    let policy: Policy =
        serde_json::from_value(json!({ setting: text })).map_err(|error| error.to_string())?;
    Ok(Limit(if setting == "idle_timeout" { policy.idle_timeout } else { policy.absolute_timeout }))
}

#[test]
fn a_limit_is_read_as_the_application_reads_it() {
    assert_eq!(limit("idle_timeout", "30m"), Ok(Limit(Some(1_800))));
    assert_eq!(limit("absolute_timeout", "none"), Ok(Limit(None)));
    assert!(limit("absolute_timeout", "soon").unwrap_err().contains("90s"));
}
