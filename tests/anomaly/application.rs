//! An application that does the steps of a request, and answers with its observations.

use poem::error::InternalServerError;
use poem::http::StatusCode;
use poem::web::Path;
use poem::{EndpointExt, Response, Result, Route, get, handler, post};
use session_ledger::web::{NotSignedIn, Session, Sessions, SignedIn, Tx};
use session_ledger::{Key, Ledger};
use test_support::{App, app, key_ring};
use tokio_postgres::{Client, Error};

use crate::history::{List, Step};

/// The rows that lists live in. There are many more than are used, so that PostgreSQL never scans the table.
pub(crate) const TABLE: &str = "
    create table list (id int primary key, elements bigint[] not null default '{}') with (fillfactor = 50);
    insert into list (id) select generate_series(1, 100000);
    analyze list";

/// The ways to do the steps; the last one is for steps in the session alone.
pub(crate) const WAYS: [&str; 4] = ["tx-first", "session-first", "part", "session-only"];

const KEYS: [Key<Vec<i64>>; 2] = [Key::new("left"), Key::new("right")];

/// The application of one process. `end` in a path is `commit`, or `fail` for a rollback.
pub(crate) fn application(ledger: &Ledger) -> App {
    let route = Route::new()
        .at("/login/:user", post(login))
        .at("/tx-first/:end", get(tx_first).post(tx_first))
        .at("/session-first/:end", get(session_first).post(session_first))
        .at("/part/:end", get(part).post(part))
        .at("/session-only/:end", get(session_only).post(session_only));
    app(route.with(Sessions::new(ledger.clone(), key_ring())))
}

/// Reads a row's list.
pub(crate) async fn read_row(client: &Client, id: i32) -> Result<Vec<i64>, Error> {
    let row = client.query_one("select elements from list where id = $1", &[&id]).await?;
    row.try_get(0)
}

/// Appends to a row's list as applications do: reads it, changes it, writes it.
pub(crate) async fn append_to_row(client: &Client, id: i32, element: i64) -> Result<(), Error> {
    let mut elements = read_row(client, id).await?;
    elements.push(element);
    client.execute("update list set elements = $2 where id = $1", &[&id, &elements]).await?;
    Ok(())
}

#[handler]
fn login(session: Session, Path(user): Path<String>) -> Result<()> {
    Ok(session.login(user)?)
}

#[handler]
async fn tx_first(tx: Tx, session: SignedIn, body: String, Path(end): Path<String>) -> Result<Response> {
    answer(&end, &perform(&session, Some(&tx), &body).await?)
}

#[handler]
async fn session_first(session: SignedIn, tx: Tx, body: String, Path(end): Path<String>) -> Result<Response> {
    answer(&end, &perform(&session, Some(&tx), &body).await?)
}

#[handler]
async fn session_only(session: SignedIn, body: String, Path(end): Path<String>) -> Result<Response> {
    answer(&end, &perform(&session, None, &body).await?)
}

/// Ends a part that is to be rolled back with an error of its own.
#[handler]
async fn part(session: SignedIn, body: String, Path(end): Path<String>) -> Result<Response> {
    let fails = end == "fail";
    let done = session
        .transaction(async |session, tx| {
            let done = perform(&session, Some(&tx), &body).await?;
            if fails { Err(StatusCode::INTERNAL_SERVER_ERROR.into()) } else { Ok(done) }
        })
        .await?;
    answer(&end, &done)
}

/// Does the steps in the order of the request.
async fn perform(session: &Session, tx: Option<&Tx>, steps: &str) -> Result<Vec<Step>> {
    let mut steps: Vec<Step> = serde_json::from_str(steps).map_err(InternalServerError)?;
    for step in &mut steps {
        match step {
            Step::Append(List::Value(_, key), element) => {
                session.update(&KEYS[*key], |elements| elements.push(*element))?;
            }
            Step::Read(List::Value(_, key), elements) => {
                *elements = session.get(&KEYS[*key])?.unwrap_or_default();
            }
            Step::Append(List::Row(id), element) => {
                append_to_row(client(tx)?, *id, *element).await.map_err(InternalServerError)?;
            }
            Step::Read(List::Row(id), elements) => {
                *elements = read_row(client(tx)?, *id).await.map_err(InternalServerError)?;
            }
        }
        // Gives the others a chance to come between two steps.
        tokio::task::yield_now().await;
    }
    Ok(steps)
}

fn client(tx: Option<&Tx>) -> Result<&Client> {
    Ok(tx.ok_or_else(NotSignedIn::default)?)
}

fn answer(end: &str, done: &[Step]) -> Result<Response> {
    let status = if end == "fail" { StatusCode::INTERNAL_SERVER_ERROR } else { StatusCode::OK };
    let body = serde_json::to_string(done).map_err(InternalServerError)?;
    Ok(Response::builder().status(status).body(body))
}
