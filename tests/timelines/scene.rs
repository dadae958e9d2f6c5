//! A real database whose clock stands still until the test moves it, and processes to whom time passes alike.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use session_ledger::Ledger;
use session_ledger::session::{Policy, SessionId};
use test_support::Database;
use time::OffsetDateTime;
use tokio_postgres::Client;

/// How long before the present timelines begin. Each is shorter, so that whatever it writes lies in the past,
/// and near to the moment that the ids of its sessions name.
const AGO: time::Duration = time::Duration::hours(20);

/// How often the test looks for what is written in the background.
const LOOKS_MAX: usize = 2_000;

/// A clock that is set without replacing its function, so that statements stay prepared. Events are recorded
/// by it, too: whether an end was recorded a moment ago decides what its old cookie may do.
const STANDING_CLOCK: &str = "
    create table public.clock as select now() as at;
    create or replace function session_ledger.clock() returns timestamptz
        language sql volatile parallel safe return (select at from public.clock);
    alter table session_ledger.event alter column recorded_at set default session_ledger.clock()";

/// That of the migrations.
const TRUE_CLOCK: &str = "
    create or replace function session_ledger.clock() returns timestamptz
        language sql volatile parallel safe return clock_timestamp()";

pub(crate) struct Scene {
    pub(crate) database: Database,
    client: Client,
    /// The moment at which timelines begin.
    beginning: OffsetDateTime,
    /// The seconds since then.
    seconds: Arc<AtomicI64>,
}

impl Scene {
    pub(crate) async fn set() -> Self {
        let database = Database::fresh().await;
        let client = database.connect().await;
        client.batch_execute(STANDING_CLOCK).await.unwrap();
        let beginning = (OffsetDateTime::now_utc() - AGO).replace_nanosecond(0).unwrap();
        Self { database, client, beginning, seconds: Arc::default() }
    }

    /// One process's ledger.
    pub(crate) async fn process(&self, policy: Policy) -> Ledger {
        let seconds = Arc::clone(&self.seconds);
        let uptime = move || Duration::from_secs(seconds.load(Ordering::Relaxed).unsigned_abs());
        let builder = self.database.builder().uptime(uptime).policy(policy).connections_max(2);
        builder.connect().await.unwrap()
    }

    /// Sets all clocks to this second of a timeline.
    pub(crate) async fn set_clocks(&self, second: i64) {
        self.seconds.store(second, Ordering::Relaxed);
        let now = self.beginning + time::Duration::seconds(second);
        self.client.execute("update public.clock set at = $1", &[&now]).await.unwrap();
    }

    /// The second of a timeline.
    pub(crate) fn second(&self, at: OffsetDateTime) -> i64 {
        assert_eq!(at.nanosecond(), 0, "the clock stands still at whole seconds");
        (at - self.beginning).whole_seconds()
    }

    /// Waits until a session is noted as seen at this second, or is no longer live where none is expected.
    /// Returns what is noted at last.
    pub(crate) async fn seen(&self, session: SessionId, expected: Option<i64>) -> Option<i64> {
        let mut found = None;
        for _ in 0..LOOKS_MAX {
            found = self.seen_now(session).await;
            if found == expected {
                break;
            }
            tokio::task::yield_now().await;
        }
        found
    }

    async fn seen_now(&self, session: SessionId) -> Option<i64> {
        let select = "select greatest(changed_at, last_seen) from session_ledger.session
            left join session_ledger.activity using (session_id) where session_id = $1";
        let row = self.client.query_opt(select, &[&session.as_uuid()]).await.unwrap();
        row.map(|row| self.second(row.get(0)))
    }

    /// Makes sure that the rows are what the log says, by the clock of the migrations.
    pub(crate) async fn verify(&self) {
        self.client.batch_execute(TRUE_CLOCK).await.unwrap();
        let ledger = self.database.ledger(Policy::default()).await;
        let verification = ledger.verify(|_| {}).await.unwrap();
        assert!(verification.is_equal(), "{:?}", verification.differences);
    }
}
