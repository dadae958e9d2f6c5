//! After the handler has returned: commit or roll back, and then answer.

use std::sync::Arc;

use poem::{Response, Result};

use super::SessionError;
use super::attempt::Outcome;
use super::opened::{CookieChange, Opened, Overdue};
use super::response;
use super::visit::{Running, Visit};
use crate::ledger::Ledger;
use crate::session::{Origin, SessionId};
use crate::store::load::touch;
use crate::store::transaction::{RolledBack, Transaction};

/// Settles what a handler did.
pub(super) async fn settle(visit: Arc<Visit>, result: Result<Response>) -> Outcome {
    let (opened, running) = visit.take().await;
    let Some(mut opened) = opened else {
        return result.map_or_else(
            |error| Outcome::of_error(error, RolledBack::Sound),
            |answer| Outcome::Done(Ok(answer)),
        );
    };
    let overdue = opened.overdue.take();
    let to_touch = opened.to_touch(visit.shared.ledger.policy());
    let outcome = answer(&visit, opened, running, result).await;
    visit.leave_line();
    if let Some(overdue) = overdue {
        end(&visit, overdue).await;
    } else if let Some(session) = to_touch {
        note_activity(visit.shared.ledger.clone(), session);
    }
    outcome
}

async fn answer(
    visit: &Visit,
    opened: Opened,
    running: Option<Running>,
    result: Result<Response>,
) -> Outcome {
    let (cookie, signed_in) = (&visit.shared.cookie, opened.draft.state().user.is_some());
    if (visit.shared.commits)(&result) {
        return match commit_in_turn(visit, opened, running).await {
            Ok(change) => {
                Outcome::Done(Ok(response::finish(into_response(result), cookie, change, signed_in)))
            }
            Err(outcome) => outcome,
        };
    }
    let found = roll_back(running).await;
    match result {
        Err(error) => Outcome::of_error(error, found),
        Ok(answer) if found == RolledBack::Sound => {
            Outcome::Done(Ok(response::finish(answer, cookie, None, signed_in)))
        }
        // The handler made an answer of an error; of which, only the transaction knows.
        Ok(answer) => {
            let error = poem::Error::from_response(response::finish(answer, cookie, None, signed_in));
            Outcome::of_error(error, found)
        }
    }
}

/// Commits, unless others that write to the session come first.
async fn commit_in_turn(
    visit: &Visit,
    opened: Opened,
    running: Option<Running>,
) -> std::result::Result<Option<CookieChange>, Outcome> {
    if let Some((session, _)) = opened.loaded_version().filter(|_| opened.is_changed())
        && let Err(error) = visit.claim_turn(session)
    {
        roll_back(running).await;
        return Err(error.into());
    }
    match running {
        Some(running) => commit(visit, opened, running).await,
        None => commit_session(visit, opened).await,
    }
}

/// Writes what the handler wished, together with what it did in its transaction.
async fn commit(
    visit: &Visit,
    mut opened: Opened,
    mut running: Running,
) -> std::result::Result<Option<CookieChange>, Outcome> {
    if let Err(error) = running.begun(&mut opened).await {
        roll_back(Some(running)).await;
        return Err(error.into());
    }
    let transaction = Arc::into_inner(running.transaction).ok_or(SessionError::TransactionKept)?;
    let plan = opened.plan(&visit.shared, &visit.client)?;
    transaction.commit(visit.shared.ledger.pool(), &plan.appends, Some(plan.fence)).await?;
    Ok(plan.cookie)
}

/// Writes what the handler wished, in a transaction of its own; in none, if that is nothing.
async fn commit_session(
    visit: &Visit,
    mut opened: Opened,
) -> std::result::Result<Option<CookieChange>, Outcome> {
    if !opened.is_changed() {
        return Ok(opened.plan(&visit.shared, &visit.client)?.cookie);
    }
    let pool = visit.shared.ledger.pool();
    let mut transaction = Transaction::reserve(pool).await?;
    if opened.now.is_none() {
        opened.now = Some(transaction.now().await?);
    }
    let plan = opened.plan(&visit.shared, &visit.client)?;
    transaction.commit(pool, &plan.appends, None).await?;
    Ok(plan.cookie)
}

/// A transaction that somebody keeps takes its connection out of the pool when it is dropped at last.
async fn roll_back(running: Option<Running>) -> RolledBack {
    let Some(Running { transaction, ahead }) = running else { return RolledBack::Sound };
    drop(ahead);
    let Some(transaction) = Arc::into_inner(transaction) else { return RolledBack::Sound };
    let found = transaction.rollback().await;
    if found == RolledBack::Lost {
        tracing::warn!(
            "a connection was lost before its transaction was committed, or takes no writes: it is discarded"
        );
    }
    found
}

/// Ends a session whose time is over, whatever became of the request. Another request may have done so first.
async fn end(visit: &Visit, overdue: Overdue) {
    let origin = Origin { at: overdue.at, client: visit.client.clone(), actor: None };
    match visit.shared.ledger.append_end(overdue.id, overdue.live, overdue.reason, &origin).await {
        Err(error) if !error.is_retryable() => tracing::warn!(%error, "an overdue session was not ended"),
        _ => {}
    }
}

/// Nobody waits for it, and it may fail: the next request notes it again.
fn note_activity(ledger: Ledger, session: SessionId) {
    tokio::spawn(async move {
        let noted = async { touch(&*ledger.client().await?, session).await };
        if let Err(error) = noted.await {
            tracing::warn!(%error, "a session's activity was not noted");
        }
    });
}

/// An error that the commit policy lets through is an answer like any other.
fn into_response(result: Result<Response>) -> Response {
    result.unwrap_or_else(poem::Error::into_response)
}
