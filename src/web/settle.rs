//! After the handler has returned: commit or roll back, and then answer.

use std::sync::Arc;

use poem::{Response, Result};

use super::attempt::Outcome;
use super::opened::{CookieChange, Opened, Overdue, Plan};
use super::response;
use super::visit::{Running, Visit};
use crate::session::{Client, Origin};
use crate::store::request::append::Append;
use crate::store::request::transaction::RolledBack;

/// Settles what a handler did.
pub(super) async fn settle(visit: Arc<Visit>, result: Result<Response>) -> Outcome {
    let (opened, running) = visit.take().await;
    let Some(mut opened) = opened else {
        let found = roll_back(running).await;
        return finish(&visit, judge(&visit, result, found), None, false);
    };
    let overdue = opened.overdue.take();
    let mut to_touch = opened.to_touch(visit.shared.ledger.policy());
    let signed_in = opened.draft.state().user.is_some();

    let (outcome, change) = if (visit.shared.commits)(&result) {
        match commit_in_turn(&visit, &mut opened, running).await {
            // An error that the commit policy lets through is an answer like any other.
            Ok(plan) => {
                // What is appended says by itself when the session was seen.
                to_touch = to_touch.filter(|_| plan.appends.is_empty());
                (Outcome::Done(Ok(result.unwrap_or_else(poem::Error::into_response))), plan.cookie)
            }
            Err(outcome) => (outcome, None),
        }
    } else {
        (judge(&visit, result, roll_back(running).await), None)
    };
    visit.leave_line();
    if let Some(overdue) = overdue {
        // On the heap: it is a rare and a large one.
        Box::pin(end(&visit, *overdue)).await;
    } else if let Some(session) = to_touch {
        visit.shared.ledger.note_activity(session);
    }
    finish(&visit, outcome, change, signed_in)
}

/// Settles a request that has left nothing to do in the database, without a task of its own: there is nothing that a
/// client who hangs up could stop halfway. `idle` is what [`Visit::take_idle`] gave.
pub(super) fn settle_at_once(visit: &Visit, idle: Option<Opened>, result: Result<Response>) -> Outcome {
    let Some(mut opened) = idle else {
        return finish(visit, judge(visit, result, RolledBack::Sound), None, false);
    };
    let to_touch = opened.to_touch(visit.shared.ledger.policy());
    let signed_in = opened.draft.state().user.is_some();
    let (outcome, change) = if (visit.shared.commits)(&result) {
        match opened.plan(&visit.shared, &Client::default()) {
            Ok(plan) => (Outcome::Done(Ok(result.unwrap_or_else(poem::Error::into_response))), plan.cookie),
            Err(error) => (error.into(), None),
        }
    } else {
        (judge(visit, result, RolledBack::Sound), None)
    };
    visit.leave_line();
    if let Some(session) = to_touch {
        visit.shared.ledger.note_activity(session);
    }
    finish(visit, outcome, change, signed_in)
}

/// What becomes of a request that was rolled back, its transaction having been `found` in this state.
fn judge(visit: &Visit, result: Result<Response>, found: RolledBack) -> Outcome {
    match result {
        Err(error) => Outcome::of_error(&visit.shared, error, found),
        Ok(answer) if found == RolledBack::Sound => Outcome::Done(Ok(answer)),
        // The handler made an answer of an error; of which, only the transaction knows.
        Ok(answer) => Outcome::of_error(&visit.shared, poem::Error::from_response(answer), found),
    }
}

/// Completes the answer. A request that has committed a part of its work must not run again, and the cookie of
/// that part goes out whatever became of the rest.
fn finish(visit: &Visit, outcome: Outcome, change: Option<CookieChange>, signed_in: bool) -> Outcome {
    let kept = visit.take_kept();
    let result = match outcome {
        Outcome::Done(result) => result,
        Outcome::Again(again) if kept.is_some() => again.last_answer(),
        again => return again,
    };
    let change = change.or(kept.and_then(|part| part.cookie));
    let answer = match result {
        Err(error) if change.is_none() => return Outcome::Done(Err(error)),
        result => result.unwrap_or_else(poem::Error::into_response),
    };
    let answer = if visit.was_opened() {
        response::finish(answer, &visit.shared.cookie, change, signed_in)
    } else {
        answer
    };
    Outcome::Done(Ok(answer))
}

/// Commits, unless others that write to the session come first.
pub(super) async fn commit_in_turn(
    visit: &Visit,
    opened: &mut Opened,
    running: Option<Running>,
) -> std::result::Result<Plan, Outcome> {
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
    opened: &mut Opened,
    mut running: Running,
) -> std::result::Result<Plan, Outcome> {
    if let Err(error) = running.begun(opened).await {
        roll_back(Some(running)).await;
        return Err(error.into());
    }
    let transaction = running.take_back()?;
    let plan = opened.plan(&visit.shared, &visit.arrival.client())?;
    let appends: Vec<&Append> = plan.appends.iter().map(Arc::as_ref).collect();
    transaction.commit(visit.shared.ledger.pool(), &appends, plan.fence).await?;
    Ok(plan)
}

/// Writes what the handler wished, in a transaction of its own; in none, if that is nothing.
async fn commit_session(visit: &Visit, opened: &mut Opened) -> std::result::Result<Plan, Outcome> {
    if !opened.is_changed() {
        return Ok(opened.plan(&visit.shared, &Client::default())?);
    }
    let ledger = &visit.shared.ledger;
    if opened.now.is_none() {
        opened.now = Some(ledger.now().await?);
    }
    let plan = opened.plan(&visit.shared, &visit.arrival.client())?;
    ledger.commit(&plan.appends).await?;
    Ok(plan)
}

/// Says how the transaction was found.
pub(super) async fn roll_back(running: Option<Running>) -> RolledBack {
    let Some(mut running) = running else { return RolledBack::Sound };
    running.look_back().await;
    let Ok(transaction) = running.take_back() else { return RolledBack::Sound };
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
    let origin = Origin { at: overdue.at, client: visit.arrival.client(), actor: None };
    match visit.shared.ledger.append_end(overdue.id, overdue.live, overdue.reason, origin).await {
        Err(error) if !error.is_retryable() => tracing::warn!(%error, "an overdue session was not ended"),
        _ => {}
    }
}
