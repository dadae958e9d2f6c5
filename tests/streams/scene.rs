//! An application whose streams go on after the answer.

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::{SinkExt, Stream, StreamExt, stream};
use poem::error::InternalServerError;
use poem::http::StatusCode;
use poem::web::sse::{Event, SSE};
use poem::web::websocket::{Message, WebSocket};
use poem::web::{Data, Path};
use poem::{EndpointExt, IntoResponse, Result, Route, get, handler};
use session_ledger::session::{EndReason, Timeouts};
use session_ledger::web::{Session, SessionSnapshot, Sessions, SignedIn, Tx};
use session_ledger::{Key, Ledger, SessionId};
use test_support::{App, COUNT, Database, Visitor, app, key_ring, serve};
use uuid::Uuid;

/// How many texts were sent over a WebSocket.
pub(crate) const SAID: Key<u32> = Key::new("said");

/// So long is the interval of a watch that must not be needed.
pub(crate) const NEVER: Duration = Duration::from_secs(3_600);

/// So short is the interval of a watch that is waited for.
pub(crate) const SOON: Duration = Duration::from_millis(20);

/// The session that a handler has given away.
pub(crate) type Kept = Arc<Mutex<Option<Session>>>;

pub(crate) struct Scene {
    pub(crate) database: Database,
    pub(crate) ledger: Ledger,
    pub(crate) app: App,
    pub(crate) kept: Kept,
}

#[handler]
fn login(session: Session, Path(user): Path<String>) -> Result<()> {
    Ok(session.login(user)?)
}

#[handler]
fn logout(session: Session) -> Result<()> {
    Ok(session.logout()?)
}

#[handler]
fn add(session: Session) -> Result<String> {
    let count = session.update(&COUNT, |count| {
        *count += 1;
        *count
    })?;
    Ok(count.to_string())
}

#[handler]
fn short(session: Session, Path(seconds): Path<u32>) -> Result<()> {
    Ok(session.set_timeouts(Timeouts::default().idle(seconds))?)
}

/// Ends another session in the request's own transaction.
#[handler]
async fn end(tx: Tx, Path(session): Path<Uuid>) -> Result<()> {
    tx.end(SessionId::from(session), EndReason::Revoked).await?;
    Ok(())
}

/// Gives its session away, adds one, and answers with a status.
#[handler]
fn keep(session: Session, Data(kept): Data<&Kept>, Path(status): Path<u16>) -> Result<StatusCode> {
    *kept.lock().unwrap() = Some(session.clone());
    session.update(&COUNT, |count| *count += 1)?;
    session.flash("", "kept")?;
    StatusCode::from_u16(status).map_err(InternalServerError)
}

/// Gives its session away, and never returns.
#[handler]
async fn keep_for_ever(session: Session, Data(kept): Data<&Kept>) -> Result<()> {
    session.update(&COUNT, |count| *count += 1)?;
    *kept.lock().unwrap() = Some(session);
    std::future::pending().await
}

/// Gives its session away and logs out.
#[handler]
fn keep_and_leave(session: Session, Data(kept): Data<&Kept>) -> Result<()> {
    *kept.lock().unwrap() = Some(session.clone());
    Ok(session.logout()?)
}

/// Greets, and ends with the session.
#[handler]
fn news(session: SignedIn) -> Result<SSE> {
    let session = session.snapshot()?;
    let ended = session.ended();
    Ok(SSE::new(news_for(session).take_until(ended)))
}

fn news_for(session: SessionSnapshot) -> impl Stream<Item = Event> {
    let user = session.user().map(ToString::to_string).unwrap_or_default();
    let count = session.get(&COUNT).unwrap().unwrap_or_default();
    stream::once(async move { Event::message(format!("hello {user}, {count}")) }).chain(stream::pending())
}

/// Counts the texts in the session, until that ends.
#[handler]
fn chat(session: SignedIn, socket: WebSocket, ledger: Data<&Ledger>) -> Result<impl IntoResponse> {
    let (session, ledger) = (session.snapshot()?, ledger.clone());
    Ok(socket.on_upgrade(|mut socket| async move {
        let Some(id) = session.id() else { return };
        let mut ended = pin!(session.ended());
        loop {
            let text = tokio::select! {
                reason = &mut ended => {
                    socket.send(Message::text(format!("over: {}", reason.unwrap()))).await.ok();
                    break;
                }
                Some(Ok(Message::Text(_))) = socket.next() => {
                    let change = ledger.change(id, |session| {
                        session.update(&SAID, |said| {
                            *said += 1;
                            *said
                        })
                    });
                    change.await.map_or_else(|error| error.to_string(), |said| said.to_string())
                }
                else => break,
            };
            socket.send(Message::text(text)).await.ok();
        }
        socket.close().await.ok();
    }))
}

impl Scene {
    pub(crate) async fn set(watch_interval: Duration) -> Self {
        let database = Database::fresh().await;
        let ledger = database.builder().watch_interval(watch_interval);
        let ledger = ledger.connect().await.unwrap();
        let kept = Kept::default();
        let route = Route::new()
            .at("/login/:user", get(login))
            .at("/logout", get(logout))
            .at("/add", get(add))
            .at("/short/:seconds", get(short))
            .at("/end/:session", get(end))
            .at("/keep/:status", get(keep))
            .at("/keep-for-ever", get(keep_for_ever))
            .at("/keep-and-leave", get(keep_and_leave))
            .at("/news", get(news))
            .at("/chat", get(chat));
        let route = route.data(Arc::clone(&kept)).data(ledger.clone());
        let app = app(route.with(Sessions::new(ledger.clone(), key_ring())));
        Self { database, ledger, app, kept }
    }

    /// A signed-in visitor, and their session.
    pub(crate) async fn alice(&self) -> (Visitor, SessionId) {
        let visitor = Visitor::new(&self.app);
        assert_eq!(visitor.get("/login/alice").await.status, 200);
        let sessions = self.ledger.sessions(&"alice".into()).await.unwrap();
        (visitor, sessions[0].id)
    }

    /// The session that a handler has given away.
    pub(crate) fn kept(&self) -> Session {
        self.kept.lock().unwrap().clone().expect("a handler has given its session away")
    }

    /// The address of the application, behind poem's own server.
    pub(crate) async fn served(&self) -> SocketAddr {
        serve(&self.app).await
    }

    pub(crate) async fn events(&self) -> i64 {
        self.database.count("session_ledger.event").await
    }
}

/// The Cookie header of a visitor.
pub(crate) fn cookie(visitor: &Visitor) -> String {
    format!("__Host-session={}", visitor.cookie("__Host-session").unwrap())
}

/// What must come, however busy the machine is.
pub(crate) async fn in_time<T>(what: &str, asked: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(10), asked)
        .await
        .unwrap_or_else(|_| panic!("{what} does not come"))
}
