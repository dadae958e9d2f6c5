//! The history of a session, told to its owner.

use std::collections::BTreeMap;

use askama::Template;
use deadpool_postgres::Pool;
use poem::error::NotFoundError;
use poem::web::{Data, Html, Path, Query};
use poem::{Result, handler};
use serde::Deserialize;
use session_ledger::Ledger;
use session_ledger::session::SessionId;
use session_ledger::web::{Session, SignedIn};
use uuid::Uuid;

use super::render;
use crate::database;
use crate::frame::Frame;
use crate::story::{self, Moment};

#[derive(Template)]
#[template(path = "history.html")]
struct History {
    frame: Frame,
    session: Option<SessionId>,
    is_this_one: bool,
    /// The latest first, without the shop's messages unless they are wanted.
    moments: Vec<Moment>,
    /// How many messages there are.
    messages: usize,
    shows_messages: bool,
}

/// The switch of the page, in its address.
#[derive(Deserialize)]
struct Switch {
    #[serde(default)]
    messages: String,
}

impl Switch {
    fn shows_messages(&self) -> bool {
        self.messages == "shown"
    }
}

/// The history of the present session, logged in or not.
#[handler]
pub(crate) async fn own(
    session: Session,
    ledger: Data<&Ledger>,
    pool: Data<&Pool>,
    Query(switch): Query<Switch>,
) -> Result<Html<String>> {
    let id = session.id();
    let moments = match id {
        Some(id) => moments(&ledger, &pool, id).await?,
        None => Vec::new(),
    };
    render(&History::new(Frame::new(&session, "/history")?, (id, true), moments, &switch))
}

/// The history of another session of the same user.
#[handler]
pub(crate) async fn of(
    session: SignedIn,
    ledger: Data<&Ledger>,
    pool: Data<&Pool>,
    Path(id): Path<Uuid>,
    Query(switch): Query<Switch>,
) -> Result<Html<String>> {
    let found = ledger.session_of(session.user(), SessionId::from(id)).await?;
    let id = found.ok_or(NotFoundError)?.id;
    let moments = moments(&ledger, &pool, id).await?;
    let is_this_one = session.id() == Some(id);
    render(&History::new(Frame::new(&session, "/devices")?, (Some(id), is_this_one), moments, &switch))
}

impl History {
    fn new(
        frame: Frame,
        (session, is_this_one): (Option<SessionId>, bool),
        mut moments: Vec<Moment>,
        switch: &Switch,
    ) -> Self {
        let messages = moments.iter().filter(|moment| moment.is_message).count();
        let shows_messages = switch.shows_messages();
        moments.retain(|moment| shows_messages || !moment.is_message);
        Self { frame, session, is_this_one, moments, messages, shows_messages }
    }
}

/// The events of a session in words, the latest first.
async fn moments(ledger: &Ledger, pool: &Pool, id: SessionId) -> Result<Vec<Moment>> {
    let events = ledger.history(id).await?;
    let products = database::products(pool).await?;
    let names: BTreeMap<i32, String> = products.into_iter().map(|(id, product)| (id, product.name)).collect();
    let mut moments = story::tell(&events, &names);
    moments.reverse();
    Ok(moments)
}
