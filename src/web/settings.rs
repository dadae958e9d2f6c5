//! Settings from a configuration file or from environment variables.

mod error;
mod networks;
mod variables;

use std::ffi::OsStr;
use std::time::Duration;

use ipnet::IpNet;
use serde::Deserialize;

use crate::session::{Policy, seconds};
use crate::token::{CookieSettings, DeviceCookie};
pub use error::SettingsError;

/// A body up to this size is kept in memory so that the request can run again.
pub(super) const REPLAY_BYTES_MAX: usize = 256 * 1024;

/// Bodies of all requests are kept up to this size together.
pub(super) const REPLAY_BYTES_TOTAL: usize = 64 * 1024 * 1024;

/// Sessions that a process knows take up to so many bytes.
const KNOWN_SESSIONS_BYTES: usize = 16 * 1024 * 1024;

/// A session is known for so many seconds.
pub(super) const KNOWN_SESSIONS_AGE: u32 = 10;

/// All settings that can be written in a file: the rules of sessions, the cookie, and how requests are
/// served. Whatever is left out has its default; an unknown setting is an error that names it.
///
/// Spans of time are a number of seconds or a text such as `"30m"`, as [`Policy`] says.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use session_ledger::web::Settings;
///
/// // The same in TOML: [policy] assurance = "aal2", idle_timeout = "30m", and so on.
/// let settings: Settings = serde_json::from_str(
///     r#"{ "policy": { "assurance": "aal2", "idle_timeout": "30m", "absolute_timeout": "12h" },
///          "cookie": { "same_site": "strict" },
///          "requests": { "starts_per_minute": 60 } }"#,
/// )?;
/// assert_eq!(settings.validate(), Ok(()));
/// # Ok(()) }
/// ```
///
/// The ledger gets the policy, and the middleware the rest:
///
/// ```no_run
/// # use session_ledger::{KeyRing, Ledger, Sessions};
/// # use session_ledger::web::Settings;
/// # async fn start(settings: Settings, keys: KeyRing) -> Result<(), Box<dyn std::error::Error>> {
/// let database = std::env::var("DATABASE_URL")?.parse()?;
/// let ledger = Ledger::builder(database).policy(settings.policy.clone()).connect().await?;
/// let sessions = Sessions::builder(ledger, keys).settings(settings).build()?;
/// # drop(sessions);
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Settings {
    /// The rules of the sessions.
    pub policy: Policy,
    /// The attributes of the cookie.
    pub cookie: CookieSettings,
    /// How requests are served.
    pub requests: RequestSettings,
}

/// How the middleware serves requests. [`SessionsBuilder`] has a method for each, which says more.
///
/// [`SessionsBuilder`]: super::SessionsBuilder
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct RequestSettings {
    /// The audience that tokens are bound to, say a tenant.
    pub audience: String,
    /// Whether the span of a request names the user.
    pub user_in_log: bool,
    /// Whether a superseded cookie is answered 409, and not with a redirect.
    pub refuse_superseded: bool,
    /// The largest body, in bytes, that is kept so that its request can run again.
    pub replay_bytes_max: usize,
    /// The most bytes of all kept bodies together.
    pub replay_bytes_total: usize,
    /// The most sessions a minute that visitors may start from one address; `None` for no limit.
    pub starts_per_minute: Option<u32>,
    /// Whether the transactions of requests know their sessions in the database.
    pub provenance: bool,
    /// How long a browser that has signed in is recognised by its device cookie, in seconds or as a text
    /// such as `"400d"`; `None` for no device cookies.
    #[serde(deserialize_with = "seconds::optional")]
    pub known_devices: Option<u32>,
    /// How many bytes of sessions the process knows, so that a request that writes need not load its own; 0
    /// for none.
    pub known_sessions_bytes: usize,
    /// For how long a session is known, in seconds or as a text such as `"10s"`.
    #[serde(deserialize_with = "seconds::required")]
    pub known_sessions_age: u32,
    /// The networks of the proxies in front of the application; a list, or a text with commas.
    #[serde(deserialize_with = "networks::list")]
    pub trusted_proxies: Vec<IpNet>,
}

impl Default for RequestSettings {
    fn default() -> Self {
        Self {
            audience: String::new(),
            user_in_log: false,
            refuse_superseded: false,
            replay_bytes_max: REPLAY_BYTES_MAX,
            replay_bytes_total: REPLAY_BYTES_TOTAL,
            starts_per_minute: None,
            provenance: false,
            known_devices: None,
            known_sessions_bytes: known_sessions_bytes(),
            known_sessions_age: KNOWN_SESSIONS_AGE,
            trusted_proxies: Vec::new(),
        }
    }
}

/// How many bytes of sessions a process knows unless that is set. The project's own tests run either way.
pub(super) fn known_sessions_bytes() -> usize {
    let is_off =
        cfg!(feature = "test") && std::env::var_os("KNOWN_SESSIONS").is_some_and(|text| text == "off");
    if is_off { 0 } else { KNOWN_SESSIONS_BYTES }
}

impl Settings {
    /// Reads the variables whose names begin with `prefix`, followed by `POLICY_`, `COOKIE_` or `REQUESTS_`
    /// and the name of a setting. The text `none` stands for a limit that is off.
    ///
    /// Take a prefix that nobody else uses: each variable that begins with it must be a setting. `SESSION_`
    /// alone also begins `SESSION_MANAGER`, which Linux desktops set.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use session_ledger::web::Settings;
    ///
    /// // In an application: std::env::vars_os().
    /// let variables = [("SHOP_SESSION_POLICY_IDLE_TIMEOUT", "30m"), ("SHOP_SESSION_COOKIE_NAME", "id")];
    /// let settings = Settings::from_variables("SHOP_SESSION_", variables)?;
    /// assert_eq!(settings.policy.idle_timeout, Some(1_800));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// Names the first variable that is no setting or cannot be read, in the order of their names.
    pub fn from_variables<N: AsRef<OsStr>, V: AsRef<OsStr>>(
        prefix: &str,
        variables: impl IntoIterator<Item = (N, V)>,
    ) -> Result<Self, SettingsError> {
        let names = ["policy", "cookie", "requests"];
        let [policy, cookie, requests] = variables::sections(prefix, names, variables)?;
        Ok(Self { policy: policy.read()?, cookie: cookie.read()?, requests: requests.read()? })
    }

    /// Checks every setting, and the settings against each other.
    ///
    /// # Errors
    ///
    /// Names the first setting that cannot be followed, and says what to do.
    pub fn validate(&self) -> Result<(), SettingsError> {
        self.policy.validate()?;
        self.cookie.validate()?;
        let devices = self.requests.known_devices.map(|age| Duration::from_secs(age.into()));
        device_cookie(&self.cookie, devices)?;
        self.requests.validate()
    }
}

impl RequestSettings {
    /// Checks the settings against each other.
    ///
    /// # Errors
    ///
    /// Names the first setting that cannot be followed, and says what to do.
    pub fn validate(&self) -> Result<(), SettingsError> {
        check_bodies(self.replay_bytes_max, self.replay_bytes_total)
    }
}

/// The device cookie that stands beside this one, if there is to be any.
pub(super) fn device_cookie(
    cookie: &CookieSettings,
    max_age: Option<Duration>,
) -> Result<Option<DeviceCookie>, SettingsError> {
    let beside = |max_age| DeviceCookie::beside(cookie, max_age);
    max_age.map(beside).transpose().map_err(SettingsError::KnownDevices)
}

/// Makes sure that a body of the largest size may be kept at all.
pub(super) fn check_bodies(most: usize, total: usize) -> Result<(), SettingsError> {
    if most > total { Err(SettingsError::BodyLargerThanAll { most, total }) } else { Ok(()) }
}
