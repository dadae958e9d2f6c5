//! Committing what a request has done.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use super::failed_logins::refused;
use super::failure::CommitFailed;
use super::opened::{Opened, Plan};
use super::running::{Running, roll_back};
use super::visit::Visit;
use super::writer_queue::Purpose;
use super::{Incident, SessionError};
use crate::ledger::desk::Transaction;
use crate::ledger::{Ends, Error, Ledger};
use crate::session::{Others, SessionId, UserId};

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
    let committed = match running {
        Some(running) => commit_transaction(visit, opened, running).await,
        None => commit_session(visit, opened).await,
    };
    if let Some(login) = committed.as_ref().err().and_then(refused) {
        visit.note_refused_login(login, opened.holding.loaded_version().map(|(session, _)| session));
    }
    if let (Err(_), Some((session, _))) = (&committed, opened.holding.loaded_version()) {
        visit.forget(session);
    }
    let plan = committed?;
    visit.remember(&plan.appends);
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
    let others = opened.holding.others();
    let ends = match &others {
        None => None,
        Some(others) => match ends_of(visit, opened, &running.transaction, others).await {
            Ok(ends) => Some(ends),
            Err(failed) => {
                roll_back(Some(running)).await;
                return Err(failed);
            }
        },
    };
    // Kept until the connection is free.
    let _room = running.room.take();
    let transaction = running.take_back()?;
    let plan = opened.plan(&visit.shared, visit.arrival.client())?;
    commit_with(visit, transaction, &plan, ends.zip(others)).await?;
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
    match opened.holding.others() {
        None => shared.ledger.commit(&plan.appends, visit.basis(), plan.guard.clone()).await?,
        // On the heap, as it is rare.
        Some(others) => Box::pin(commit_among(visit, opened, &plan, others)).await?,
    }
    Ok(plan)
}

/// Commits what may mean something for the user's other sessions. Those who do so for one user wait for each
/// other, as they would at the gate, where each but the first would be in vain.
async fn commit_among(
    visit: &Visit,
    opened: &Opened,
    plan: &Plan,
    others: Others,
) -> Result<(), CommitFailed> {
    let shared = &visit.shared;
    let _turn = shared.queue.turn(line_of(&others.user)).await;
    let (transaction, begun) = shared.ledger.begin_ahead(None, None).await?;
    let ends = ends_of(visit, opened, &transaction, &others);
    let (begun, ends) = tokio::join!(biased; Ledger::begun(begun), ends);
    let transaction = Arc::into_inner(transaction).ok_or(Error::TransactionKept)?;
    let ends = match begun.map_err(CommitFailed::from).and(ends) {
        Ok(ends) => ends,
        Err(failed) => {
            transaction.rollback().await;
            return Err(failed);
        }
    };
    commit_with(visit, transaction, plan, Some((ends, others))).await
}

/// The ends of the user's other sessions that go with the commit.
async fn ends_of(
    visit: &Visit,
    opened: &Opened,
    transaction: &Transaction,
    others: &Others,
) -> Result<Ends, CommitFailed> {
    let (client, now) = (visit.arrival.client(), opened.holding.now());
    Ok(visit.shared.ledger.ends_of_others(transaction, others, &client, now).await??)
}

/// Commits a transaction with what the request has written, and with the ends of other sessions.
async fn commit_with(
    visit: &Visit,
    transaction: Transaction,
    plan: &Plan,
    ends: Option<(Ends, Others)>,
) -> Result<(), CommitFailed> {
    let ledger = &visit.shared.ledger;
    let Some((ends, others)) = ends else {
        ledger.commit_transaction(transaction, &plan.appends, plan.guard.clone()).await?;
        return Ok(());
    };
    // The gate is closed already. Something is written, so the transaction needs no other guard.
    let appends = [&plan.appends[..], &ends.appends[..]].concat();
    ledger.commit_transaction(transaction, &appends, None).await?;
    if ends.has_rest {
        // On the heap, as it is rare and large.
        Box::pin(ledger.end_rest(&others)).await?;
    }
    Ok(())
}

/// The line of those who wait for a user's gate, by a name that no session has.
fn line_of(user: &UserId) -> SessionId {
    let mut hasher = DefaultHasher::new();
    user.hash(&mut hasher);
    let mut name = [0; 16];
    name[8..].copy_from_slice(&hasher.finish().to_be_bytes());
    SessionId::from_bytes(name)
}
