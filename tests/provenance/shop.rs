//! An application whose tables say which session wrote a row.

use poem::error::InternalServerError;
use poem::http::StatusCode;
use poem::web::Path;
use poem::{EndpointExt, Error, Result, Route, get, handler, post};
use session_ledger::ledger::tokio_postgres::Row;
use session_ledger::ledger::{Builder, Transaction};
use session_ledger::session::{EndReason, Policy};
use session_ledger::web::{Session, Sessions, SignedIn, Tx};
use session_ledger::{Ledger, SessionId};
use test_support::{App, COUNT, Database, Visitor, Wire, app, key_ring};

/// The tables of the application. Its role owns none of them, so row policies hold for it.
const TABLES: &str = "
    create table deed (
        number bigint generated always as identity,
        what text,
        by_session uuid default session_ledger.current_session(),
        by_user text default session_ledger.current_user_id(),
        by_actor text default session_ledger.current_actor_id()
    );
    create table letter (owner text, words text);
    alter table letter enable row level security;
    create policy own on letter using (owner = session_ledger.current_user_id());
    grant all on deed, letter to session_ledger_runtime";

const WHO: &str = "select concat_ws(' ', coalesce(session_ledger.current_session()::text, '-'),
                                    coalesce(session_ledger.current_user_id(), '-'),
                                    coalesce(session_ledger.current_actor_id(), '-'))";

async fn write(tx: &Tx, what: &str) -> Result<()> {
    tx.query_typed("insert into deed (what) values ($1)", &[(&what, TEXT)])
        .await
        .map_err(InternalServerError)?;
    Ok(())
}

const TEXT: session_ledger::ledger::tokio_postgres::types::Type =
    session_ledger::ledger::tokio_postgres::types::Type::TEXT;

async fn told(tx: &Tx) -> Result<String> {
    let row: Row = tx.query_typed_one(WHO, &[]).await.map_err(InternalServerError)?;
    Ok(row.get(0))
}

#[handler]
fn keep(session: Session) -> Result<String> {
    session.update(&COUNT, |count| *count += 1)?;
    Ok(session.id().unwrap().to_string())
}

#[handler]
fn login(session: Session, Path(user): Path<String>) -> Result<String> {
    session.login(user)?;
    Ok(session.id().unwrap().to_string())
}

#[handler]
fn renew(session: Session) -> Result<()> {
    Ok(session.renew()?)
}

#[handler]
async fn who(tx: Tx) -> Result<String> {
    told(&tx).await
}

#[handler]
async fn who_late(session: Session, tx: Tx) -> Result<String> {
    drop(session);
    told(&tx).await
}

#[handler]
async fn act(tx: Tx, Path(what): Path<String>) -> Result<()> {
    write(&tx, &what).await
}

#[handler]
async fn act_late(session: Session, tx: Tx, Path(what): Path<String>) -> Result<()> {
    drop(session);
    write(&tx, &what).await
}

#[handler]
async fn act_in_vain(tx: Tx) -> Result<()> {
    write(&tx, "in vain").await?;
    Err(Error::from_status(StatusCode::BAD_GATEWAY))
}

#[handler]
async fn letters(tx: Tx) -> Result<String> {
    let rows = tx.query_typed("select words from letter", &[]).await.map_err(InternalServerError)?;
    Ok(rows.iter().map(|row| row.get::<_, String>(0)).collect::<Vec<_>>().join(","))
}

#[handler]
async fn forge_letter(tx: Tx, Path(owner): Path<String>) -> Result<()> {
    let insert = "insert into letter values ($1, 'forged')";
    tx.query_typed(insert, &[(&owner, TEXT)]).await.map_err(InternalServerError)?;
    Ok(())
}

/// Before and after a login.
#[handler]
async fn login_between(tx: Tx, session: Session, Path(user): Path<String>) -> Result<String> {
    write(&tx, "before").await?;
    session.login(user)?;
    write(&tx, "after").await?;
    Ok(session.id().unwrap().to_string())
}

/// A login before the transaction begins.
#[handler]
async fn login_first(session: Session, Path(user): Path<String>, tx: LateTx) -> Result<String> {
    session.login(user)?;
    write(&tx.begin().await?, "after").await?;
    Ok(session.id().unwrap().to_string())
}

#[handler]
async fn logout_between(tx: Tx, session: SignedIn) -> Result<()> {
    write(&tx, "before").await?;
    session.logout()?;
    write(&tx, "after").await
}

#[handler]
async fn end_between(tx: Tx, session: SignedIn) -> Result<()> {
    write(&tx, "before").await?;
    tx.end(session.id().unwrap(), EndReason::Revoked).await?;
    write(&tx, "after").await
}

#[handler]
async fn act_as(tx: Tx, session: SignedIn, Path(user): Path<String>) -> Result<String> {
    session.impersonate(user, "A ticket.")?;
    write(&tx, "before").await?;
    Ok(session.id().unwrap().to_string())
}

#[handler]
async fn oneself_again(tx: Tx, session: SignedIn, Path(what): Path<String>) -> Result<()> {
    session.end_impersonation()?;
    write(&tx, &what).await
}

/// Going back to a savepoint does not take the login back.
#[handler]
async fn login_behind_savepoint(tx: Tx, session: Session, Path(user): Path<String>) -> Result<()> {
    let savepoint = tx.savepoint().await?;
    session.login(user)?;
    write(&tx, "undone").await?;
    savepoint.rollback().await?;
    write(&tx, "kept").await
}

/// Two transactions, each in a part of its own.
#[handler]
async fn in_parts(session: Session) -> Result<()> {
    for what in ["first", "second"] {
        session.transaction(async |_: Session, tx: Tx| write(&tx, what).await).await?;
    }
    Ok(())
}

#[handler]
async fn poison(tx: Tx) -> Result<()> {
    let poison = "set session_ledger.user_id = 'root';
                  set session_ledger.session_id = '00000000-0000-7000-8000-000000000000'";
    tx.batch_execute(poison).await.map_err(InternalServerError)
}

/// A transaction that the handler asks for when it runs.
struct LateTx(poem::Request);

impl LateTx {
    async fn begin(&self) -> Result<Tx> {
        use poem::FromRequest;
        Tx::from_request_without_body(&self.0).await
    }
}

impl<'a> poem::FromRequest<'a> for LateTx {
    async fn from_request(request: &'a poem::Request, _: &mut poem::RequestBody) -> Result<Self> {
        let mut copy = poem::Request::builder().finish();
        *copy.extensions_mut() = request.extensions().clone();
        Ok(Self(copy))
    }
}

fn application(ledger: &Ledger, provenance: bool) -> App {
    let route =
        Route::new().at("/keep", post(keep)).at("/login/:user", post(login)).at("/renew", post(renew));
    let route = route.at("/who", get(who)).at("/who-late", get(who_late));
    let route = route.at("/do/:what", post(act)).at("/do-late/:what", get(act_late).post(act_late));
    let route = route.at("/do-in-vain", post(act_in_vain)).at("/letters", get(letters));
    let route = route.at("/forge-letter/:owner", post(forge_letter)).at("/poison", post(poison));
    let route =
        route.at("/login-between/:user", post(login_between)).at("/login-first/:user", post(login_first));
    let route = route.at("/logout-between", post(logout_between)).at("/end-between", post(end_between));
    let route = route.at("/act-as/:user", post(act_as)).at("/oneself-again/:what", post(oneself_again));
    let route = route.at("/behind-savepoint/:user", post(login_behind_savepoint));
    let route = route.at("/in-parts", post(in_parts));
    let sessions = Sessions::builder(ledger.clone(), key_ring());
    let sessions = if provenance { sessions.provenance() } else { sessions };
    app(route.with(sessions.build().unwrap()))
}

pub(crate) struct Scene {
    pub(crate) database: Database,
    pub(crate) ledger: Ledger,
    pub(crate) app: App,
    wire: Option<Wire>,
}

impl Scene {
    pub(crate) async fn set() -> Self {
        let database = Self::database().await;
        let ledger = database.ledger(Policy::default()).await;
        let app = application(&ledger, true);
        Self { database, ledger, app, wire: None }
    }

    /// With the rights of an application and no more, so that row policies hold.
    pub(crate) async fn as_application() -> Self {
        Self::with(true, |builder| builder).await
    }

    pub(crate) async fn without() -> Self {
        Self::with(false, |builder| builder).await
    }

    pub(crate) async fn on_one_connection() -> Self {
        Self::with(true, |builder| builder.connections_max(1)).await
    }

    pub(crate) async fn on_a_wire(provenance: bool) -> Self {
        let database = Self::database().await;
        let wire = Wire::to(&database.config());
        let ledger = Ledger::builder(wire.config()).connections_max(1).connect().await.unwrap();
        let app = application(&ledger, provenance);
        Self { database, ledger, app, wire: Some(wire) }
    }

    async fn with(provenance: bool, change: impl FnOnce(Builder) -> Builder) -> Self {
        let database = Self::database().await;
        let mut config = database.config();
        config.options("-c role=session_ledger_runtime");
        let ledger = change(Ledger::builder(config).policy(Policy::default())).connect().await.unwrap();
        let app = application(&ledger, provenance);
        Self { database, ledger, app, wire: None }
    }

    /// A database with the application's tables.
    pub(crate) async fn database() -> Database {
        let database = Database::fresh().await;
        database.connect().await.batch_execute(TABLES).await.unwrap();
        database
    }

    pub(crate) fn of(database: Database, ledger: Ledger, app: App) -> Self {
        Self { database, ledger, app, wire: None }
    }

    /// The application on another way to the database.
    pub(crate) fn app_on(ledger: &Ledger) -> App {
        application(ledger, true)
    }

    pub(crate) fn visitor(&self) -> Visitor {
        Visitor::new(&self.app)
    }

    /// The session that a page tells, once its request is committed.
    pub(crate) async fn session_of(&self, visitor: &Visitor, path: &str) -> SessionId {
        let answer = visitor.post(path, "").await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        answer.body.parse().unwrap()
    }

    pub(crate) async fn sql(&self, statement: &str) {
        self.database.connect().await.batch_execute(statement).await.unwrap();
    }

    /// What was written, in order, and by whom.
    pub(crate) async fn deeds(&self) -> Vec<String> {
        let deeds = "select concat_ws(' ', what, coalesce(by_session::text, '-'), coalesce(by_user, '-'),
                                      coalesce(by_actor, '-')) from deed order by number";
        let rows = self.database.connect().await.query(deeds, &[]).await.unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    }

    /// Whose a transaction outside of requests is.
    pub(crate) async fn who_in_a_job(&self) -> String {
        let asking = self.ledger.transaction(async |tx: Transaction| {
            Ok::<_, session_ledger::Error>(tx.query_one(WHO, &[]).await?.get::<_, String>(0))
        });
        asking.await.unwrap()
    }

    pub(crate) fn trips(&self) -> usize {
        self.wire.as_ref().unwrap().trips()
    }
}

/// Alice is there, and the one who is signed in is the admin.
pub(crate) async fn alice_and_admin(scene: &Scene) -> Visitor {
    let admin = scene.visitor();
    scene.session_of(&scene.visitor(), "/login/alice").await;
    scene.session_of(&admin, "/login/admin").await;
    admin
}
