//! The ground of all measurements: a private server that writes to the disk, and a database with sessions in
//! it.

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

use poem::http::HeaderValue;
use private_postgres::{Options, Server};
use rand::rngs::SysRng;
use session_ledger::SessionId;
use session_ledger::internals::{Contents, Sealer, Secret, Witness};
use test_support::{Database, key_ring};
use tokio_postgres::Client;
use uuid::Uuid;

use crate::application::{self, Application};
use crate::drive::{Failure, Turn};

/// The most sessions of a share that is known.
const KNOWN_MAX: usize = 1_024;

const FILL: &str = include_str!("sql/fill_sessions.sql");
const APPLICATION: &str = include_str!("sql/application.sql");

/// The name of the cookie, by the library's default.
pub(crate) const COOKIE: &str = "__Host-session";

/// A server whose commits are durable. It has enough memory for its size, and makes no checkpoint during a
/// measurement.
pub(crate) fn server() -> Result<Server, Failure> {
    let options = Options::new()
        .fsync(true)
        .setting("wal_level", "replica")
        .setting("shared_buffers", "1GB")
        .setting("max_wal_size", "20GB")
        .setting("checkpoint_timeout", "1h")
        .setting("max_pred_locks_per_transaction", "1024");
    Ok(Server::start(options)?)
}

/// A database with sessions, and an application on it.
pub(crate) struct Ground {
    pub(crate) database: Database,
    pub(crate) client: Client,
    pub(crate) application: Application,
    /// The session that all others are copies of.
    pub(crate) model: SessionId,
    pub(crate) sessions: Vec<Stored>,
    shares: Shares,
    /// Sessions to be ended, and how many have been.
    to_end: Vec<Stored>,
    ended: AtomicUsize,
}

/// A share of the sessions. No line changes those of another, or what the process knows of them would be old.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Share {
    /// The library's. There are so many that it does not remember one until it comes again.
    Library,
    /// As many that are used by hand.
    Hand,
    /// The library's, so few that it knows each from a moment ago.
    LibraryKnown,
    /// As few that are used by hand, by what was kept of them.
    HandKnown,
}

/// Where each share begins and ends.
struct Shares([Range<usize>; 4]);

/// A session with its cookie.
#[derive(Clone)]
pub(crate) struct Stored {
    pub(crate) id: SessionId,
    pub(crate) cookie: HeaderValue,
}

impl Ground {
    /// Makes a database with `count` sessions, and `to_end` more to be ended. Each has a user and a small
    /// value.
    pub(crate) async fn with_sessions(server: &Server, count: usize, to_end: usize) -> Result<Self, Failure> {
        let database = Database::on(server).await;
        let client = database.connect().await;
        client.batch_execute(APPLICATION).await?;
        // As autovacuum would have done by now: sessions take the place of the rows that padded the tables.
        client.batch_execute("vacuum session_ledger.session, session_ledger.activity").await?;
        let application = Application::on(&database.config(), application::CONNECTIONS).await?;
        let model = application.sign_in().await?;
        let sealer = Sealer::new(key_ring(), COOKIE, "");
        let Contents { session: model, secret, witness } =
            sealer.open(&model).map_err(|_| "our own token does not open")?;
        let filled = client.query(FILL, &[&model.as_uuid(), &i64::try_from(count + to_end)?]).await?;
        let stored =
            |row: &tokio_postgres::Row| stored(&sealer, row.get::<_, Uuid>(0).into(), &secret, witness);
        let mut sessions = filled.iter().map(stored).collect::<Result<Vec<_>, Failure>>()?;
        let to_end = sessions.split_off(count);
        client.batch_execute("vacuum analyze").await?;
        client.batch_execute("checkpoint").await?;
        let (shares, ended) = (Shares::of(count), AtomicUsize::new(0));
        Ok(Self { database, client, application, model, sessions, shares, to_end, ended })
    }

    /// The same sessions in another application.
    pub(crate) fn through(self, application: Application) -> Self {
        Self { application, ..self }
    }

    /// A session of the client's own, another each time, spread over the table. Two clients never get the
    /// same.
    pub(crate) fn session(&self, share: Share, turn: Turn) -> &Stored {
        let range = &self.shares.0[share as usize];
        let own = (range.len() / application::CONNECTIONS).max(1);
        // Each client begins elsewhere: otherwise their sessions would be neighbours on one page.
        let nth = scattered(turn.nth * 64 + turn.client as u64) as usize % own;
        &self.sessions[range.start + (nth * application::CONNECTIONS + turn.client) % range.len().max(1)]
    }

    /// A session that was not given before, to be ended.
    pub(crate) fn to_end(&self) -> Result<&Stored, Failure> {
        let nth = self.ended.fetch_add(1, Ordering::Relaxed);
        self.to_end.get(nth).ok_or_else(|| "there are too few sessions to end".into())
    }
}

impl Shares {
    /// A hundredth of the sessions is known to the library, and as many to those by hand. Where there are
    /// few, each share has one session for each client.
    fn of(count: usize) -> Self {
        let known = (count / 100).clamp(application::CONNECTIONS, KNOWN_MAX).min(count / 4);
        let half = count / 2;
        Self([known..half, half + known..count, 0..known, half..half + known])
    }
}

fn stored(sealer: &Sealer, id: SessionId, secret: &Secret, witness: Witness) -> Result<Stored, Failure> {
    let token = sealer.mint(id, secret, witness, &mut SysRng)?;
    Ok(Stored { id, cookie: HeaderValue::from_str(&format!("{COOKIE}={}", token.expose()))? })
}

/// Spreads numbers that follow each other (the finaliser of SplitMix64).
pub(crate) fn scattered(n: u64) -> u64 {
    let n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    n ^ (n >> 31)
}
