//! A rebuild beside the running application: nobody is logged out, no change is lost, and whatever stops it
//! leaves each row as it was or as the log says.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod beside;
mod damage;
mod full_disk;
mod stopped;
mod writers;

use std::time::Duration;

use session_ledger::Ledger;
use session_ledger::ledger::{Progress, RebuildError, RebuildOptions, Rebuilt};
use session_ledger::session::{Policy, SessionId};
use session_ledger::web::Sessions;
use test_support::{App, Database, Visitor, application, key_ring};
use tokio_postgres::Client;
use uuid::Uuid;

/// How long anything here may take.
const BOUND: Duration = Duration::from_secs(60);

/// Gives all rows a wrong browser, and ended ones a wrong reason.
const SPOIL: &str = "update session_ledger.session set user_agent = 'wrong';
                     update session_ledger.ended_session set reason = 'wrong'";

/// An application that has had visitors.
struct Scene {
    database: Database,
    ledger: Ledger,
    shop: App,
    client: Client,
}

impl Scene {
    async fn set() -> Self {
        let database = Database::fresh().await;
        let ledger = database.ledger(Policy::default()).await;
        let shop = application(Sessions::new(ledger.clone(), key_ring()));
        let client = database.connect().await;
        let scene = Self { database, ledger, shop, client };
        for walk in [
            "/add",
            "/add /login/alice /add /renew /flash/hello",
            "/login/bob /login/carol /short/600 /add",
            "/login/dave /keep/x /logout",
            "/add /keep/something",
        ] {
            scene.walk(walk).await;
        }
        scene
    }

    /// A visitor's walk, and the session that it has written last.
    async fn walk(&self, paths: &str) -> (Visitor, SessionId) {
        let visitor = Visitor::new(&self.shop);
        for path in paths.split(' ') {
            assert!(visitor.get(path).await.status.is_success(), "{path}");
        }
        let latest = "select session_id from session_ledger.event order by epoch desc, event.transaction_id desc limit 1";
        let session = self.client.query_one(latest, &[]).await.unwrap().get::<_, Uuid>(0);
        (visitor, SessionId::from(session))
    }

    async fn run(&self, statements: &str) {
        self.client.batch_execute(statements).await.unwrap();
    }

    /// Runs a statement as somebody who has switched the guards off.
    async fn run_unguarded(&self, statements: &str) {
        self.run(&format!("begin; set local session_replication_role = replica; {statements}; commit")).await;
    }

    async fn rebuild(&self) -> Result<Rebuilt, RebuildError> {
        self.rebuild_with(beside(), |_| {}).await
    }

    async fn rebuild_with(
        &self,
        options: RebuildOptions,
        progress: impl FnMut(Progress) + Send,
    ) -> Result<Rebuilt, RebuildError> {
        tokio::time::timeout(BOUND, self.ledger.rebuild(options, progress)).await.expect("in time")
    }

    /// In the application's downtime: nobody else is connected.
    async fn rebuild_alone(
        &mut self,
        progress: impl FnMut(Progress) + Send,
    ) -> Result<Rebuilt, RebuildError> {
        self.client.batch_execute("select pg_terminate_backend(pg_backend_pid())").await.unwrap_err();
        let rebuilding = self.ledger.rebuild(RebuildOptions::default(), progress);
        let rebuilt = tokio::time::timeout(BOUND, rebuilding).await.expect("in time");
        self.client = self.database.connect().await;
        rebuilt
    }

    async fn assert_equal(&self) {
        let verification = self.ledger.verify(|_| {}).await.unwrap();
        assert!(verification.is_equal(), "{:?}", verification.differences);
    }

    /// All rows, derived or not, in an order of their own.
    async fn rows(&self) -> Vec<String> {
        let rows = "
            select to_jsonb(s)::text from session_ledger.session as s
             union all
            select to_jsonb(e)::text from session_ledger.ended_session as e
             union all
            select to_jsonb(l)::text from session_ledger.login_step as l
             order by 1";
        self.client.query(rows, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
    }

    /// How many rebuilt rows wait.
    async fn staged(&self) -> i64 {
        let counts = ["rebuilt_session", "rebuilt_ended_session", "rebuilt_login_step"];
        let mut staged = 0;
        for table in counts {
            staged += self.database.count(&format!("session_ledger.{table}")).await;
        }
        staged
    }
}

fn beside() -> RebuildOptions {
    RebuildOptions::default().while_connected()
}

/// Lets `act` be done when a rebuild has searched and not yet written, and waits for it.
fn once_searched<F: Future<Output = ()> + Send + 'static>(act: F) -> impl FnMut(Progress) + Send {
    let mut act = Some(act);
    move |progress| {
        if progress.is_read
            && let Some(act) = act.take()
        {
            let (done, is_done) = std::sync::mpsc::channel();
            tokio::spawn(async move {
                act.await;
                done.send(()).unwrap();
            });
            tokio::task::block_in_place(|| is_done.recv_timeout(BOUND)).unwrap();
        }
    }
}
