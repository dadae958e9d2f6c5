//! Settings of the middleware.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use poem::{Request, Response, Result};
use time::OffsetDateTime;

use super::commit_policy;
use super::face::{ClientHook, CommitHook, Face};
use super::kept_body::Budget;
use super::middleware::Sessions;
use super::plain_http::PlainHttp;
use super::settings::{
    KNOWN_SESSIONS_AGE, REPLAY_BYTES_MAX, REPLAY_BYTES_TOTAL, Settings, SettingsError, check_bodies,
    device_cookie, known_sessions_bytes,
};
use crate::ledger::Ledger;
use crate::ledger::desk::Sql;
use crate::request::Incident;
use crate::request::allowance::Allowance;
use crate::request::forwarded::Proxies;
use crate::request::known::Known;
use crate::request::room::Streams;
use crate::request::shared::{IncidentHook, RetryHook, Shared};
use crate::request::starts::Starts;
use crate::request::tries::Tries;
use crate::request::writer_queue::WriterQueue;
use crate::session::Policy;
use crate::token::{CookieSettings, DeviceCookie, KeyRing, Sealer};

/// Collects the settings of [`Sessions`]; [`build`](Self::build) checks them.
#[must_use = "a builder does nothing until `build`"]
pub struct SessionsBuilder {
    ledger: Ledger,
    keys: KeyRing,
    cookie: CookieSettings,
    audience: String,
    commits: CommitHook,
    retries: RetryHook,
    on_incident: Option<IncidentHook>,
    tells_user: bool,
    replay_bytes_max: usize,
    refuses_superseded: bool,
    replay_bytes_total: usize,
    starts: Option<Starts>,
    known_devices: Option<Duration>,
    known_sessions: (usize, Duration),
    proxies: Proxies,
    client: Option<ClientHook>,
    also: Option<&'static Sql>,
    provenance: bool,
    /// The policy of the settings, which should be the ledger's.
    policy: Option<Policy>,
}

impl Sessions {
    /// Sessions of this ledger, with tokens sealed by these keys, and the default settings otherwise.
    pub fn new(ledger: Ledger, keys: KeyRing) -> Self {
        Self::builder(ledger, keys).unchecked(None)
    }

    /// Settings of the middleware for this ledger and these keys, to be changed before it is built.
    pub fn builder(ledger: Ledger, keys: KeyRing) -> SessionsBuilder {
        SessionsBuilder {
            ledger,
            keys,
            cookie: CookieSettings::default(),
            audience: String::new(),
            commits: Box::new(commit_policy::commits),
            retries: Arc::new(|_| false),
            on_incident: None,
            tells_user: false,
            replay_bytes_max: REPLAY_BYTES_MAX,
            refuses_superseded: false,
            replay_bytes_total: REPLAY_BYTES_TOTAL,
            starts: None,
            known_devices: None,
            known_sessions: (known_sessions_bytes(), Duration::from_secs(KNOWN_SESSIONS_AGE.into())),
            proxies: Proxies::default(),
            client: None,
            also: None,
            provenance: false,
            policy: None,
        }
    }
}

impl fmt::Debug for SessionsBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut builder = f.debug_struct("SessionsBuilder");
        builder.field("ledger", &self.ledger).field("keys", &self.keys).field("cookie", &self.cookie);
        builder.field("audience", &self.audience).finish_non_exhaustive()
    }
}

impl SessionsBuilder {
    /// Settings from a file or from the environment, in place of those that were made before. Their policy is
    /// for the ledger, and [`build`](Self::build) makes sure that it has it.
    pub fn settings(mut self, settings: Settings) -> Self {
        let Settings { policy, cookie, requests } = settings;
        (self.policy, self.cookie, self.audience) = (Some(policy), cookie, requests.audience);
        self.tells_user = requests.user_in_log;
        self.refuses_superseded = requests.refuse_superseded;
        self.replay_bytes_max = requests.replay_bytes_max;
        self.replay_bytes_total = requests.replay_bytes_total;
        self.provenance = requests.provenance;
        self.starts = requests.starts_per_minute.map(Starts::per_minute);
        self.known_devices = requests.known_devices.map(|age| Duration::from_secs(age.into()));
        let age = Duration::from_secs(requests.known_sessions_age.into());
        self.known_sessions = (requests.known_sessions_bytes, age);
        self.proxies = Proxies::new(requests.trusted_proxies);
        self
    }

    /// Other settings for the cookie.
    pub fn cookie(mut self, cookie: CookieSettings) -> Self {
        self.cookie = cookie;
        self
    }

    /// Binds tokens to an audience, say a tenant: those of another do not open (ASVS 8.4.1).
    pub fn audience(mut self, audience: &str) -> Self {
        self.audience = audience.to_owned();
        self
    }

    /// Decides which results of a handler are committed, in place of the rule in the [module](super).
    pub fn commit_when(
        mut self,
        commits: impl Fn(&Result<Response>) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.commits = Box::new(commits);
        self
    }

    /// Marks errors of handlers after which the request runs again. An error with a lost race or a lost
    /// connection at its root needs no mark. When all attempts fail, the answer is 503. A request whose
    /// handler asks for neither its session nor a transaction runs once.
    pub fn retry_when(mut self, retries: impl Fn(&poem::Error) -> bool + Send + Sync + 'static) -> Self {
        // The cycle knows no poem: it hands over the error that it was given, which is poem's.
        self.retries = Arc::new(move |error| error.downcast_ref::<poem::Error>().is_some_and(&retries));
        self
    }

    /// Called for each [`Incident`]. Must not block. A trace event tells of it too: of at most ten of a kind
    /// within ten seconds, and the next one says how many were left out.
    pub fn on_incident(mut self, hook: impl Fn(&Incident) + Send + Sync + 'static) -> Self {
        self.on_incident = Some(Arc::new(hook));
        self
    }

    /// Tells the signed-in user in the span of each request, beside the id of the session, so that both stand
    /// at every event of the log that the request causes. Off unless asked for: a user's id may be personal.
    pub fn user_in_log(mut self) -> Self {
        self.tells_user = true;
        self
    }

    /// The largest request body, in bytes, that is kept so that the request can run again. A request with a
    /// larger body, or one in pieces of HTTP/1.1, runs once, and is answered 503 when it loses a race. So is
    /// one that is to become something else, such as a WebSocket. 256 KiB unless set.
    ///
    /// A body is kept as it is read, and nothing is read before the handler asks for it. Where the session or
    /// the [`Tx`](super::Tx) comes first among the handler's arguments, it waits until the body is there. So
    /// a client that sends its body slowly, or never, holds nothing meanwhile.
    ///
    /// A request that runs once cannot wait so, nor can one of HTTP/2 whose body does not tell its length. If
    /// the handler asks for a [`Tx`](super::Tx), it is one of a few: such requests together hold at most a
    /// quarter of the pool's connections, or two if that is more, and leave one to the others. Further ones
    /// wait for a second, and are answered 503. And the server ends a transaction in which nothing happens
    /// for 5 s.
    pub fn replay_bytes_max(mut self, bytes: usize) -> Self {
        self.replay_bytes_max = bytes;
        self
    }

    /// Answers a request whose cookie a login in another tab has superseded a moment ago with 409
    /// ([`SessionError::Superseded`](super::SessionError::Superseded)). Without it the answer is 307 to the
    /// request's own address after a short wait: a browser then sends the request again, with method and
    /// body, and with the cookie that it has by then. Either way the request has done nothing.
    pub fn refuse_superseded(mut self) -> Self {
        self.refuses_superseded = true;
        self
    }

    /// How many bytes of request bodies are kept at a time, for all requests together. A request for whose
    /// body there is no room runs once. 64 MiB unless set.
    pub fn replay_bytes_total(mut self, bytes: usize) -> Self {
        self.replay_bytes_total = bytes;
        self
    }

    /// The most sessions a minute that visitors may start from one address, or from one network of IPv6
    /// (/64). A request beyond is answered 429 with Retry-After, and has done nothing. Sessions that begin
    /// with a login do not count, and sessions that are there go on. Without it there is no limit.
    ///
    /// The address is the one that events name. Behind a proxy that is not among the
    /// [`trusted_proxies`](Self::trusted_proxies) it is the proxy's, and the limit is one for all its
    /// clients. Each process counts by itself.
    pub fn starts_per_minute(mut self, starts: u32) -> Self {
        self.starts = Some(Starts::per_minute(starts));
        self
    }

    /// Recognises browsers that were signed in before, so that an application can mail its user of a
    /// sign-in from a new device, and lists can tell devices apart.
    ///
    /// A login gives the browser a second cookie, for `max_age` in whole seconds (400 days at most) from
    /// each login on: the name of the session's cookie with `-device` behind it, and its attributes. It is
    /// sealed, and holds a random id and marks of the users who have signed in. No visitor gets one. It
    /// proves nothing, and opens no session: a browser without it is one that its user should hear of, no
    /// more.
    ///
    /// Each login is then also the fact [`Event::DeviceSeen`], and whether the device is new to the user
    /// stands in it: see [`Builder::on_committed`]. [`SessionSummary::device`] is for lists. A key of the
    /// ring that is retired takes the device cookies that it has sealed along.
    ///
    /// [`Event::DeviceSeen`]: crate::session::Event::DeviceSeen
    /// [`Builder::on_committed`]: crate::ledger::Builder::on_committed
    /// [`SessionSummary::device`]: crate::ledger::SessionSummary::device
    pub fn known_devices(mut self, max_age: Duration) -> Self {
        self.known_devices = Some(max_age);
        self
    }

    /// How many bytes of sessions this process knows, and for how long after the database has told of them;
    /// 16 MiB and 10 s unless set, and none with 0 bytes.
    ///
    /// A request whose method says that it writes then need not load a session that the process has seen a
    /// moment ago. COMMIT decides whether what it saw was current: if another process has changed or ended
    /// the session, the request runs again with a load, and nothing of the first run takes effect. A request
    /// that commits nothing is checked by a load before its answer leaves. So nothing is answered or written
    /// by what is old, and no session lives longer by it.
    ///
    /// Plain reads load, as nothing would check them, but for routes with [`StaleReads`](super::StaleReads).
    ///
    /// A handler may run once more for it, as for any lost race. One that cannot run again loads, and so does
    /// every request with [`provenance`](Self::provenance) or [`also_load`](Self::also_load). A session that
    /// other processes keep changing is soon loaded each time.
    pub fn known_sessions(mut self, bytes: usize, age: Duration) -> Self {
        self.known_sessions = (bytes, age);
        self
    }

    /// Lets the transaction of each request that has a [`Tx`](super::Tx) know its session and user inside the
    /// database: for column defaults, row level security and audits by trigger. Off unless asked for.
    ///
    /// | function of SQL | is |
    /// |---|---|
    /// | `session_ledger.current_session()` | the session (uuid) |
    /// | `session_ledger.current_user_id()` | the user whom it acts as (text) |
    /// | `session_ledger.current_actor_id()` | the signed-in user, while they impersonate another (text) |
    ///
    /// ```sql
    /// alter table purchase add placed_by_session uuid default session_ledger.current_session();
    /// create policy own on purchase using (buyer = session_ledger.current_user_id());
    /// ```
    ///
    /// They are known from the transaction's beginning, at no extra trip, and anew when a handler logs a user
    /// in, ends the session or acts as somebody else. The database compares the token's hash in the statement
    /// that sets them, so a token that was forged, replayed or ended sets nothing. They are null for a
    /// visitor without a session and in any other transaction, and they end with the transaction, so a pooler
    /// is no danger. [`Savepoint::rollback`](super::Savepoint::rollback) keeps them; a savepoint that the
    /// application's own statements roll back to takes them to what they were.
    ///
    /// [`Ledger::rows_of`](crate::Ledger::rows_of) then tells which rows a session wrote. It is provenance,
    /// and no wall against SQL injection: whoever can send statements can set these settings too. A row
    /// policy holds only for roles that are not the table's owner.
    pub fn provenance(mut self) -> Self {
        self.provenance = true;
        self
    }

    /// The networks of the proxies in front of the application, say of a load balancer. Without any, the
    /// client of a request is whoever opened the connection, whatever the headers say.
    ///
    /// If a connection comes from one of these networks, the headers `Forwarded` (RFC 7239) and
    /// `X-Forwarded-For` are read from the right: each trusted proxy is believed about the address before it,
    /// and the first address that is not a trusted proxy's is the client's. What stands left of it came from
    /// the client and is not read (ASVS 15.3.4).
    ///
    /// A proxy must write one of these headers itself. If a request has both, they must lead to the same
    /// client. Where a header stops short (an unreadable hop, `unknown`, a name that hides the address, more
    /// than 32 hops, a hop of more than 1024 bytes, two headers that differ), the client is the last address
    /// that was believed. That is an [`Incident`] unless the proxy has hidden the address on purpose.
    ///
    /// ```
    /// # use session_ledger::web::SessionsBuilder;
    /// # fn behind(sessions: SessionsBuilder) -> Result<SessionsBuilder, Box<dyn std::error::Error>> {
    /// let sessions = sessions.trusted_proxies(["10.0.0.0/8".parse()?, "2001:db8:1::/48".parse()?]);
    /// # Ok(sessions) }
    /// ```
    pub fn trusted_proxies(mut self, networks: impl IntoIterator<Item = IpNet>) -> Self {
        self.proxies = Proxies::new(networks);
        self
    }

    /// Tells the address of a request's client where it travels in another way: a header of a content
    /// delivery network, or what a listener has read of the PROXY protocol. `None` leaves it to
    /// [`trusted_proxies`](Self::trusted_proxies).
    ///
    /// Anybody can send any header: believe it only if the connection comes from whoever writes it.
    ///
    /// ```
    /// # use session_ledger::web::SessionsBuilder;
    /// # fn behind(sessions: SessionsBuilder) -> Result<SessionsBuilder, Box<dyn std::error::Error>> {
    /// use session_ledger::web::IpNet;
    ///
    /// let network: IpNet = "203.0.113.0/24".parse()?;
    /// let sessions = sessions.client(move |request| {
    ///     let peer = request.remote_addr().as_socket_addr()?.ip().to_canonical();
    ///     let told = request.header("CDN-Client-IP").filter(|_| network.contains(&peer))?;
    ///     told.parse().ok()
    /// });
    /// # Ok(sessions) }
    /// ```
    pub fn client(mut self, client: impl Fn(&Request) -> Option<IpAddr> + Send + Sync + 'static) -> Self {
        self.client = Some(Box::new(client));
        self
    }

    /// A statement of the application's that travels with each load of a session, say to load the user. Its
    /// one parameter is the session id; its rows are at
    /// [`Session::also_loaded`](super::Session::also_loaded). With it each session is loaded alone; without
    /// it, requests that arrive together share a statement.
    ///
    /// ```
    /// # use session_ledger::web::SessionsBuilder;
    /// # fn with_user(sessions: SessionsBuilder) -> SessionsBuilder {
    /// sessions.also_load(
    ///     "select a.name from account as a join session_ledger.session as s on s.user_id = a.id::text
    ///       where s.session_id = $1",
    /// )
    /// # }
    /// ```
    pub fn also_load(mut self, statement: &'static str) -> Self {
        // Once for each middleware, which lives as long as the application.
        self.also = Some(Box::leak(Box::new(Sql::by_session(statement))));
        self
    }

    /// The middleware.
    ///
    /// # Errors
    ///
    /// Settings contradict each other, browsers would not take such a cookie, or [`settings`](Self::settings)
    /// come with another policy than the ledger's; the error names the setting and says what to do.
    pub fn build(self) -> std::result::Result<Sessions, SettingsError> {
        self.cookie.validate()?;
        check_bodies(self.replay_bytes_max, self.replay_bytes_total)?;
        let devices = device_cookie(&self.cookie, self.known_devices)?;
        if self.policy.as_ref().is_some_and(|policy| policy != self.ledger.policy()) {
            return Err(SettingsError::PolicyOfAnotherLedger);
        }
        self.keys.check(OffsetDateTime::now_utc())?;
        Ok(self.unchecked(devices))
    }

    /// The middleware, with settings that are known to be right.
    fn unchecked(self, devices: Option<DeviceCookie>) -> Sessions {
        let connections_of_one = self.ledger.connections_of_one();
        let shared = Shared {
            sealer: Sealer::new(self.keys, &self.cookie.name, &self.audience).recorded(),
            ledger: self.ledger,
            devices,
            cookie: self.cookie,
            retries: self.retries,
            on_incident: self.on_incident,
            allowance: Allowance::default(),
            tells_user: self.tells_user,
            provenance: self.provenance,
            also: self.also,
            queue: WriterQueue::new(connections_of_one),
            streams: Streams::new(connections_of_one),
            starts: self.starts,
            tries: Tries::default(),
            known: known_sessions(self.known_sessions),
            proxies: self.proxies,
        };
        let face = Face {
            shared: Arc::new(shared),
            commits: self.commits,
            client: self.client,
            replay_bytes_max: self.replay_bytes_max,
            budget: Arc::new(Budget::new(self.replay_bytes_total)),
            refuses_superseded: self.refuses_superseded,
            plain_http: PlainHttp::default(),
        };
        Sessions::of(face)
    }
}

fn known_sessions((bytes, age): (usize, Duration)) -> Option<Known> {
    (bytes > 0 && !age.is_zero()).then(|| Known::new(bytes, age))
}
