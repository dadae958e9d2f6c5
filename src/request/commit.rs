//! Committing what a request has done.

use std::sync::Arc;

use super::failure::CommitFailed;
use super::opened::{Opened, Plan};
use super::running::{Running, roll_back};
use super::visit::Visit;
use super::writer_queue::Purpose;
use super::{Incident, SessionError};

/// Commits, unless the handler's wishes cannot be followed, or others that write to the session come first.
/// An end lets nobody come first.
pub(super) async fn commit_in_turn(
    visit: &Visit,
    opened: &mut Opened,
    running: Option<Running>,
) -> Result<Plan, CommitFailed> {
    if let Err(error) = check(visit, opened) {
        roll_back(running).await;
        return Err(error.into());
    }
    if let Some(session) = opened.changed_session()
        && let Err(error) = visit.claim_turn(session)
    {
        roll_back(running).await;
        return Err(error.into());
    }
    let plan = match running {
        Some(running) => commit_transaction(visit, opened, running).await?,
        None => commit_session(visit, opened).await?,
    };
    visit.tell_client_changes(&plan.appends);
    Ok(plan)
}

/// Makes sure that the request may be committed: each end that it asked for was granted, and no more
/// visitors' sessions start from its address than may.
fn check(visit: &Visit, opened: &Opened) -> Result<(), SessionError> {
    opened.check()?;
    if opened.is_visitors_start() && !visit.may_start() {
        visit.report(|client| Incident::TooManyStarts { client });
        return Err(SessionError::TooManyStarts);
    }
    Ok(())
}

/// Writes what the handler wished, together with what it did in its transaction.
async fn commit_transaction(
    visit: &Visit,
    opened: &mut Opened,
    mut running: Running,
) -> Result<Plan, CommitFailed> {
    if let Err(error) = running.begun(opened).await {
        roll_back(Some(running)).await;
        return Err(error.into());
    }
    // Kept until the connection is free.
    let _room = running.room.take();
    let transaction = running.take_back()?;
    let plan = opened.plan(&visit.shared, visit.arrival.client())?;
    visit.shared.ledger.commit_transaction(transaction, &plan.appends, plan.guard).await?;
    Ok(plan)
}

/// Writes what the handler wished, in a transaction of its own; in none, if that is nothing.
async fn commit_session(visit: &Visit, opened: &mut Opened) -> Result<Plan, CommitFailed> {
    let shared: &Arc<_> = &visit.shared;
    if !opened.holding.is_changed() {
        return Ok(Plan::of_cookie(opened.cookie(shared)?));
    }
    // Facts are written at the database's time. A visitor's session that starts has not asked for it yet.
    if !opened.holding.has_database_time() {
        opened.holding.set_database_time(shared.ledger.now().await?);
    }
    let plan = opened.plan(shared, visit.arrival.client())?;
    // An end waits for nobody.
    let _seat = match opened.changed_session() {
        Some(session) => Some(shared.queue.seat(session, Purpose::Change).await?),
        None => None,
    };
    shared.ledger.commit(&plan.appends).await?;
    Ok(plan)
}
