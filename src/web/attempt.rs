//! One attempt at a request: run the handler, then commit or roll back, then answer.

use std::sync::Arc;

use poem::{Request, Response, Result};

use super::SessionError;
use super::middleware::Shared;
use super::opened::{CookieChange, Opened, Overdue};
use super::response;
use super::visit::{Running, Visit};
use crate::ledger::{Error, Ledger};
use crate::session::{Origin, SessionId};
use crate::store::error::has_conflict;
use crate::store::load::{Load, touch};
use crate::store::transaction::Transaction;

/// How an attempt ended.
pub(super) enum Outcome {
    /// With an answer.
    Done(Result<Response>),
    /// With a lost race: nothing happened, and the same request may run again.
    Conflict(poem::Error),
}

/// Runs `handler` for `request` and settles what it did.
pub(super) async fn attempt(
    shared: &Arc<Shared>,
    mut request: Request,
    number: u32,
    handler: impl AsyncFnOnce(Request) -> Result<Response>,
) -> Outcome {
    let visit = Arc::new(Visit::new(Arc::clone(shared), &request, number));
    request.set_data(Arc::clone(&visit));
    let result = handler(request).await;
    // In a task of its own: a client that hangs up must not stop a commit halfway.
    match tokio::spawn(settle(visit, result)).await {
        Ok(outcome) => outcome,
        Err(error) => Outcome::Done(Err(poem::error::InternalServerError(error))),
    }
}

async fn settle(visit: Arc<Visit>, result: Result<Response>) -> Outcome {
    let (opened, running) = visit.take().await;
    let Some(mut opened) = opened else { return Outcome::Done(result) };
    let overdue = opened.overdue.take();
    let to_touch = opened.to_touch(visit.shared.ledger.policy());
    let signed_in = opened.draft.state().user.is_some();

    let outcome = if (visit.shared.commits)(&result) {
        settle_changes(&visit, opened, running).await.map(|cookie| (Ok(into_response(result)), cookie))
    } else {
        roll_back(running).await;
        match result {
            Err(error) if std::error::Error::source(&error).is_some_and(has_conflict) => {
                Err(Failure::Conflict(error))
            }
            result => Ok((result, None)),
        }
    };
    visit.leave_line();

    if let Some(overdue) = overdue {
        end(&visit, overdue).await;
    } else if let Some(session) = to_touch {
        note_activity(visit.shared.ledger.clone(), session);
    }
    match outcome {
        Ok((Ok(answer), cookie)) => {
            Outcome::Done(Ok(response::finish(answer, &visit.shared.cookie, cookie, signed_in)))
        }
        Ok((Err(error), _)) | Err(Failure::Final(error)) => Outcome::Done(Err(error)),
        Err(Failure::Conflict(error)) => Outcome::Conflict(error),
    }
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

/// Why an attempt has no answer of the handler's.
enum Failure {
    /// A race was lost.
    Conflict(poem::Error),
    /// Trying again would not help, or nobody knows whether it happened.
    Final(poem::Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            error if error.is_retryable() || matches!(error, Error::Aborted) => Self::Conflict(error.into()),
            error => Self::Final(error.into()),
        }
    }
}

impl From<SessionError> for Failure {
    fn from(error: SessionError) -> Self {
        Self::Final(error.into())
    }
}

/// Commits, unless others that write to the session come first.
async fn settle_changes(
    visit: &Visit,
    opened: Opened,
    running: Option<Running>,
) -> std::result::Result<Option<CookieChange>, Failure> {
    if let Some((session, _)) = opened.loaded_version().filter(|_| opened.is_changed())
        && let Err(error) = visit.claim_turn(session)
    {
        roll_back(running).await;
        return Err(error.into());
    }
    commit(visit, opened, running).await
}

/// Writes what the handler wished, together with what it did in its transaction.
async fn commit(
    visit: &Visit,
    mut opened: Opened,
    running: Option<Running>,
) -> std::result::Result<Option<CookieChange>, Failure> {
    let Some(mut running) = running else { return commit_session(visit, opened).await };
    if let Err(error) = running.begun(&mut opened).await {
        roll_back(Some(running)).await;
        return Err(error.into());
    }
    let transaction = Arc::into_inner(running.transaction).ok_or(SessionError::TransactionKept)?;
    let plan = opened.plan(&visit.shared, &visit.client)?;
    transaction.commit(&plan.appends, Some(plan.fence)).await?;
    Ok(plan.cookie)
}

/// Writes what the handler wished, in a transaction of its own; in none, if that is nothing.
async fn commit_session(
    visit: &Visit,
    mut opened: Opened,
) -> std::result::Result<Option<CookieChange>, Failure> {
    if !opened.is_changed() {
        return Ok(opened.plan(&visit.shared, &visit.client)?.cookie);
    }
    let transaction = Transaction::reserve(visit.shared.ledger.pool()).await?;
    if opened.now.is_none() {
        let client = transaction.client();
        opened.now = Some(Load::prepare(client, None).await?.run(client).await?.now);
    }
    let plan = opened.plan(&visit.shared, &visit.client)?;
    transaction.commit(&plan.appends, None).await?;
    Ok(plan.cookie)
}

/// A transaction that somebody keeps takes its connection out of the pool when it is dropped at last.
async fn roll_back(running: Option<Running>) {
    let Some(Running { transaction, ahead }) = running else { return };
    drop(ahead);
    if let Some(transaction) = Arc::into_inner(transaction)
        && let Err(error) = transaction.rollback().await
    {
        tracing::warn!(%error, "a rollback failed, so that its connection is discarded");
    }
}

/// An error that the commit policy lets through is an answer like any other.
fn into_response(result: Result<Response>) -> Response {
    result.unwrap_or_else(poem::Error::into_response)
}
