//! After the handler has returned: commit or roll back, and say what the answer must carry.

use std::sync::Arc;
use std::time::Duration;

use tracing::Instrument;

use super::commit::commit_in_turn;
use super::completion::Completion;
use super::failure::CommitFailed;
use super::opened::{Opened, Plan};
use super::running::{Undone, roll_back};
use super::visit::Visit;
use super::visit::leaving::Left;
use crate::ledger::desk::Append;

/// A request that is settled: what became of its changes, and what its answer must carry.
pub(crate) struct Settled {
    pub(crate) verdict: Verdict,
    pub(crate) completion: Completion,
}

/// The fate of a request's changes.
pub(crate) enum Verdict {
    /// They are committed: the handler's answer goes out.
    Committed,
    /// They are rolled back, as the handler's answer asks for it. The transaction, if any, was found in this
    /// state.
    RolledBack(Undone),
    /// They could not be committed.
    Failed(CommitFailed),
    /// They are rolled back, as the request came with a token that a login has superseded a moment ago. After
    /// so long the browser should send it again, with the token that it has by then.
    SendAgain(Duration),
}

impl Settled {
    /// A request whose handler has asked for neither its session nor a transaction.
    const UNTOUCHED: Self =
        Self { verdict: Verdict::RolledBack(Undone::NOTHING), completion: Completion::NOTHING };
}

/// Settles what a handler did. `commits` says whether its answer is one whose changes are kept.
///
/// A request that has left nothing to do is settled here. Any other is settled in a task of its own, as a
/// client that hangs up must not stop a commit halfway.
pub(crate) async fn settle(visit: &Arc<Visit>, commits: bool) -> Settled {
    // The middleware holds one; any other is a handle in a stream or a task that goes on.
    let is_kept = Arc::strong_count(visit) > 1;
    if !visit.was_opened() {
        visit.stage().close(is_kept);
        return Settled::UNTOUCHED;
    }
    match visit.leave(is_kept) {
        Left::Nothing(opened) => settle_idle(visit, opened, commits),
        Left::Work => {
            // On the heap: it is many kilobytes, and would be moved from place to place on its way into the
            // task.
            let work = Box::pin(settle_work(Arc::clone(visit), commits, is_kept)).in_current_span();
            match tokio::spawn(work).await {
                Ok(settled) => settled,
                Err(error) => {
                    visit.leave_line();
                    Settled { verdict: Verdict::Failed(error.into()), completion: Completion::NOTHING }
                }
            }
        }
    }
}

/// Settles a request that has nothing to write, to roll back or to end.
fn settle_idle(visit: &Visit, opened: Option<Opened>, commits: bool) -> Settled {
    let Some(opened) = opened else {
        return settled(visit, None, Err(Verdict::RolledBack(Undone::NOTHING)));
    };
    let result = if commits {
        let plan = opened.cookie(&visit.shared).map(Plan::of_cookie);
        plan.map_err(|error| Verdict::Failed(error.into()))
    } else {
        Err(Verdict::RolledBack(Undone::NOTHING))
    };
    settled(visit, Some(&opened), result)
}

/// Settles a request that has something to write, to roll back or to end.
async fn settle_work(visit: Arc<Visit>, commits: bool, is_kept: bool) -> Settled {
    let (opened, running) = visit.take(is_kept).await;
    let Some(mut opened) = opened else {
        let undone = roll_back(running).await;
        return settled(&visit, None, Err(Verdict::RolledBack(undone)));
    };

    // Commit, or roll back.
    let overdue = opened.holding.take_overdue();
    let result = if let Some(wait) = opened.holding.wait() {
        roll_back(running).await;
        Err(Verdict::SendAgain(wait.unsigned_abs()))
    } else if commits {
        commit_in_turn(&visit, &mut opened, running).await.map_err(Verdict::Failed)
    } else {
        let undone = roll_back(running).await;
        Err(opened
            .check()
            .map_or_else(|error| Verdict::Failed(error.into()), |()| Verdict::RolledBack(undone)))
    };

    // The next one that writes to the session need not wait for the rest.
    visit.leave_line();
    if let Some(overdue) = overdue {
        // On the heap: it is a rare and a large one.
        Box::pin(visit.shared.ledger.end_overdue(*overdue, visit.arrival.client())).await;
    }
    if let Some(taken) = opened.taken_offer(visit.arrival.client()) {
        Box::pin(take_offer(&visit, taken)).await;
    }
    let shown = is_kept.then(|| opened.left(result.as_ref().ok()));
    let settled = settled(&visit, Some(&opened), result);
    if let Some(shown) = shown {
        visit.stage().show(shown);
    }
    settled
}

/// Notes that the session was seen, and gathers what the answer must carry.
fn settled(visit: &Visit, opened: Option<&Opened>, result: Result<Plan, Verdict>) -> Settled {
    visit.leave_line();
    // An append says by itself when the session was seen.
    let has_appended = result.as_ref().is_ok_and(|plan| !plan.appends.is_empty());
    if let Some(session) = opened.and_then(|opened| opened.holding.to_touch()).filter(|_| !has_appended) {
        visit.shared.ledger.note_activity(session);
    }
    let (verdict, cookie) = match result {
        Ok(plan) => (Verdict::Committed, plan.cookie),
        Err(verdict) => (verdict, None),
    };
    // The cookie of a part that is committed goes out whatever became of the rest.
    let part = visit.take_part();
    let completion = Completion {
        is_partly_committed: part.is_some(),
        cookie: cookie.or(part.and_then(|part| part.cookie)),
        is_signed_in: opened.is_some_and(|opened| opened.holding.state().user.is_some()),
        looked_at_session: visit.was_opened(),
    };
    Settled { verdict, completion }
}

/// Makes an offered token the session's own, as the browser has shown it. Another request may have done so
/// first; if this fails, the next request tries it again.
async fn take_offer(visit: &Visit, taken: Append) {
    match visit.shared.ledger.commit(&[Arc::new(taken)]).await {
        Err(error) if !error.is_retryable() => tracing::warn!(%error, "an offered token was not taken"),
        _ => {}
    }
}
