//! Facts of the application's own, in the history of a session.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use poem::http::StatusCode;
use poem::{EndpointExt, Error, Result, Route, handler, post};
use serde::{Deserialize, Serialize};
use session_ledger::ledger::ChangeError;
use session_ledger::session::{EndReason, Event, Noted, Policy, Recorded, WishError};
use session_ledger::web::{Session, Sessions, SignedIn, Tx};
use session_ledger::{Ledger, Note, SessionId};
use test_support::{App, Database, Visitor, app, key_ring};

/// The export as it is noted today.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Export {
    rows: u32,
    format: String,
}

const EXPORTED: Note<Export> = Note::new("export_downloaded").shape(2).upcast(|shape, json| match shape {
    1 => Ok(Export { rows: Note::<u32>::read(json)?, format: "csv".into() }),
    other => Err(Note::<Export>::unknown(other)),
});

/// The same as an older version of the application has noted it.
const EXPORTED_BEFORE: Note<u32> = Note::new("export_downloaded");

fn export(rows: u32) -> Export {
    Export { rows, format: "ods".into() }
}

#[handler]
fn login(session: Session) -> Result<()> {
    Ok(session.login("alice")?)
}

#[handler]
fn export_before(session: SignedIn) -> Result<()> {
    Ok(session.note(&EXPORTED_BEFORE, &7)?)
}

#[handler]
async fn export_in_tx(tx: Tx, session: SignedIn) -> Result<()> {
    tx.execute("insert into export values (8)", &[]).await.map_err(poem::error::InternalServerError)?;
    Ok(session.note(&EXPORTED, &export(8))?)
}

#[handler]
async fn export_in_vain(tx: Tx, session: SignedIn) -> Result<()> {
    tx.execute("insert into export values (9)", &[]).await.map_err(poem::error::InternalServerError)?;
    session.note(&EXPORTED, &export(9))?;
    Err(Error::from_status(StatusCode::BAD_GATEWAY))
}

#[handler]
fn note_too_much(session: SignedIn) -> Result<()> {
    Ok(session.note_text("long", &"x".repeat(Note::<String>::BYTES_MAX))?)
}

fn application(ledger: Ledger) -> App {
    let route = Route::new().at("/login", post(login)).at("/before", post(export_before));
    let route = route.at("/in-tx", post(export_in_tx)).at("/in-vain", post(export_in_vain));
    app(route.at("/too-much", post(note_too_much)).with(Sessions::new(ledger, key_ring())))
}

struct Scene {
    database: Database,
    ledger: Ledger,
    visitor: Visitor,
    session: SessionId,
}

impl Scene {
    /// Alice is signed in.
    async fn set() -> Self {
        let database = Database::fresh().await;
        database.connect().await.batch_execute("create table export (rows integer)").await.unwrap();
        let ledger = database.ledger(Policy::default()).await;
        let visitor = Visitor::new(&application(ledger.clone()));
        assert_eq!(visitor.post("/login", "").await.status, 200);
        let session = ledger.sessions(&"alice".into()).await.unwrap()[0].id;
        Self { database, ledger, visitor, session }
    }

    async fn history(&self) -> Vec<Recorded> {
        self.ledger.history(self.session).await.unwrap()
    }

    async fn notes(&self) -> Vec<Noted> {
        let noted = |recorded: &Recorded| match recorded.entry.event() {
            Ok(Event::Noted(noted)) => Some(noted),
            _ => None,
        };
        self.history().await.iter().filter_map(noted).collect()
    }
}

#[tokio::test]
async fn a_note_is_committed_with_its_request_or_not_at_all() {
    let scene = Scene::set().await;
    for (path, status) in [("/before", 200), ("/in-vain", 502), ("/in-tx", 200)] {
        assert_eq!(scene.visitor.post(path, "").await.status, status, "{path}");
    }
    assert_eq!(scene.database.count("export").await, 1);
    let facts: Vec<_> = scene.notes().await.iter().map(|noted| EXPORTED.decode(noted).unwrap()).collect();
    let old = Export { rows: 7, format: "csv".into() };
    assert_eq!(facts, [Some(old), Some(export(8))], "an older shape is read as today's");
    let told: Vec<_> = scene.notes().await.iter().map(Noted::to_string).collect();
    assert_eq!(told, ["export_downloaded: 7", r#"export_downloaded: {"rows":8,"format":"ods"}"#]);
}

#[tokio::test]
async fn a_note_from_outside_of_a_request_names_who_has_made_it() {
    let scene = Scene::set().await;
    scene.ledger.note(scene.session, &EXPORTED, &export(1), Some(&"admin".into())).await.unwrap();
    scene.ledger.note(scene.session, &EXPORTED, &export(2), None).await.unwrap();
    let change = scene.ledger.change(scene.session, |session| {
        session.by("job")?;
        session.note(&EXPORTED, &export(3))?;
        session.note_text("mailed", "to alice")
    });
    change.await.unwrap();
    let history = scene.history().await;
    let noted = history.iter().filter(|recorded| recorded.entry.encoded.kind() == "noted");
    let by = noted.map(|recorded| {
        assert_eq!(recorded.entry.user, Some("alice".into()));
        recorded.entry.actor.as_ref().map(ToString::to_string)
    });
    let names = [Some("admin"), None, Some("job"), Some("job")].map(|name| name.map(str::to_owned));
    assert_eq!(by.collect::<Vec<_>>(), names);
    assert_eq!(scene.notes().await[3].text().as_deref(), Some("to alice"));
    assert!(scene.ledger.verify(|_| {}).await.unwrap().is_equal());
}

#[tokio::test]
async fn a_note_that_cannot_be_kept_is_refused_and_nothing_is_lost() {
    let scene = Scene::set().await;
    let events = scene.history().await.len();
    assert_eq!(scene.visitor.post("/too-much", "").await.status, 500);
    let (name, max) = ("n".repeat(255), Note::<String>::BYTES_MAX);
    let text = |bytes: usize| "x".repeat(bytes - 255 - 2);
    let note = |name: &str, bytes| {
        let (name, text) = (name.to_owned(), text(bytes));
        async { scene.ledger.change(scene.session, move |session| session.note_text(&name, &text)).await }
    };
    let refused = note(&name, max + 1).await.unwrap_err();
    assert!(matches!(refused, ChangeError::Wish(WishError::NoteTooLarge { .. })), "{refused:?}");
    assert_eq!(
        refused.to_string(),
        "the note would take 16385 bytes in JSON, more than the limit of 16384: note what happened, and keep the data \
         itself in a table of your own"
    );
    let nobody = scene.ledger.note(scene.session, &EXPORTED, &export(1), Some(&"".into())).await;
    assert!(matches!(nobody, Err(ChangeError::Wish(WishError::UserId))), "{nobody:?}");
    let unnamed = note(&"n".repeat(256), max - 1).await;
    assert!(matches!(unnamed, Err(ChangeError::Wish(WishError::Name))), "{unnamed:?}");
    assert_eq!(scene.history().await.len(), events);
    note(&name, max).await.unwrap();
    assert_eq!(scene.history().await.len(), events + 1);
}

#[tokio::test]
async fn nothing_is_noted_in_a_session_that_is_over() {
    let scene = Scene::set().await;
    scene.ledger.end(scene.session, EndReason::Revoked).await.unwrap();
    let refused = scene.ledger.note(scene.session, &EXPORTED, &export(1), None).await;
    assert!(matches!(refused, Err(ChangeError::Ended { .. })), "{refused:?}");
}
