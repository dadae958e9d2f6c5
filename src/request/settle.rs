//! After the handler has returned: commit or roll back, and say what the answer must carry.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::JoinError;
use tracing::Span;

use super::carried_on::carried_on;
use super::commit::commit_in_turn;
use super::completion::Completion;
use super::failure::CommitFailed;
use super::opened::{Opened, Plan};
use super::running::{Running, Undone, roll_back};
use super::visit::Visit;
use super::visit::leaving::Left;
use crate::ledger::Error;
use crate::ledger::desk::Append;
use crate::session::Ending;

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
/// The work of a request that has left something to do comes to its end, also if its client hangs up: that
/// must not stop a commit halfway.
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
            let (answer, answered) = oneshot::channel();
            let work = Box::pin(settle_work(Arc::clone(visit), commits, is_kept, Answer(Some(answer))));
            match carried_on(work, Span::current(), answered).await {
                Ok(settled) => settled,
                Err(ended) => unsettled(visit, ended),
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

/// The work of a request has panicked, or its runtime has stopped.
fn unsettled(visit: &Visit, ended: Option<JoinError>) -> Settled {
    visit.leave_line();
    let failed = ended.map_or_else(|| Error::OutcomeUnknown.into(), CommitFailed::from);
    Settled { verdict: Verdict::Failed(failed), completion: Completion::NOTHING }
}

/// Settles a request that has something to write, to roll back or to end. It is answered when that is done,
/// or when it may wait no longer; the work goes on to its end.
async fn settle_work(visit: Arc<Visit>, commits: bool, is_kept: bool, mut answer: Answer) {
    let (opened, running) = visit.take(is_kept).await;
    let Some(mut opened) = opened else {
        let undone = visit.waits.bounded(roll_back(running)).await.unwrap_or(Undone::LOST);
        return answer.send(|| settled(&visit, None, Err(Verdict::RolledBack(undone))));
    };
    let mut result = {
        let mut concluding = pin!(conclude(&visit, &mut opened, running, commits));
        match visit.waits.bounded(concluding.as_mut()).await {
            Some(result) => result,
            None => {
                let late = Verdict::late(commits || visit.is_unchecked());
                answer.send(|| settled(&visit, None, Err(late)));
                concluding.await
            }
        }
    };
    let overdue = opened.holding.take_overdue();
    if let Ok(plan) = &mut result
        && plan.appends.is_empty()
        && opened.renewal_is_due()
    {
        // On the heap: it is a rare and a large one.
        let offering = Box::pin(offer(&visit, &mut opened));
        if let Some(offered) = visit.waits.bounded(offering).await.flatten() {
            *plan = offered;
        }
    }
    if is_kept {
        visit.stage().show(opened.left(result.as_ref().ok()));
    }

    // The next one that writes to the session need not wait for the rest.
    visit.leave_line();
    let is_rolled_back = matches!(result, Err(Verdict::RolledBack(_)));
    let aside = opened.aside(is_rolled_back, visit.arrival.client());
    if overdue.is_some() || aside.is_some() {
        // On the heap: it is a rare and a large one.
        let mut rest = Box::pin(tidy_up(&visit, overdue, aside));
        if visit.waits.bounded(rest.as_mut()).await.is_none() {
            answer.send(|| settled(&visit, Some(&opened), result));
            return rest.await;
        }
    }
    answer.send(|| settled(&visit, Some(&opened), result));
}

/// Commits, or rolls back.
async fn conclude(
    visit: &Visit,
    opened: &mut Opened,
    running: Option<Running>,
    commits: bool,
) -> Result<Plan, Verdict> {
    if let Some(wait) = opened.holding.wait() {
        roll_back(running).await;
        Err(Verdict::SendAgain(wait.unsigned_abs()))
    } else if commits {
        let has_transaction = running.is_some();
        let committed = commit_in_turn(visit, opened, running).await;
        visit.proved(has_transaction, committed).await.map_err(Verdict::Failed)
    } else {
        let (undone, checked) = visit.roll_back_known(running).await;
        let sound = checked.map_err(CommitFailed::from).and_then(|()| Ok(opened.check()?));
        Err(sound.map_or_else(Verdict::Failed, |()| Verdict::RolledBack(undone)))
    }
}

/// Does what is left to be done whatever became of the request.
async fn tidy_up(visit: &Visit, overdue: Option<Box<Ending>>, aside: Option<Append>) {
    if let Some(overdue) = overdue {
        visit.shared.ledger.end_overdue(*overdue, visit.arrival.client()).await;
    }
    if let Some(aside) = aside {
        append_aside(visit, aside).await;
    }
}

/// The request that waits to be settled. It is answered once.
struct Answer(Option<oneshot::Sender<Settled>>);

impl Answer {
    fn send(&mut self, settled: impl FnOnce() -> Settled) {
        if let Some(waiting) = self.0.take() {
            // Its client may have hung up.
            waiting.send(settled()).ok();
        }
    }
}

impl Verdict {
    /// For a request that waits no longer for its commit, or for its rollback. `commits` also where it is yet
    /// to be proved that what the handler has seen was current.
    fn late(commits: bool) -> Self {
        if commits { Self::Failed(Error::OutcomeUnknown.into()) } else { Self::RolledBack(Undone::LOST) }
    }
}

/// Notes that the session was seen, and gathers what the answer must carry.
fn settled(visit: &Visit, opened: Option<&Opened>, result: Result<Plan, Verdict>) -> Settled {
    visit.leave_line();
    // An append says by itself when the session was seen, and a refused login is no use of it.
    let has_appended = result.as_ref().is_ok_and(|plan| !plan.appends.is_empty());
    let is_noted = !has_appended && !visit.has_refused_login();
    let visit_to_note = opened.filter(|_| is_noted).and_then(|opened| visit.to_touch(&opened.holding));
    if let Some((session, at)) = visit_to_note {
        visit.forget(session);
        visit.shared.ledger.note_activity(session, at);
    }
    let (verdict, cookie, device) = match result {
        Ok(plan) => (Verdict::Committed, plan.cookie, plan.device),
        Err(verdict) => (verdict, None, None),
    };
    // The cookie of a part that is committed goes out whatever became of the rest.
    let part = visit.take_part();
    let is_partly_committed = part.is_some();
    let (of_part, device_of_part) = part.map_or((None, None), |part| (part.cookie, part.device));
    let completion = Completion {
        is_partly_committed,
        cookie: cookie.or(of_part),
        device: device.or(device_of_part),
        is_signed_in: opened.is_some_and(|opened| opened.holding.state().user.is_some()),
        looked_at_session: visit.was_opened(),
    };
    if completion.sets_cookie() {
        visit.shared.record_seals();
    }
    Settled { verdict, completion }
}

/// Offers a new token that is due, for a request that has written nothing else. Another request may have
/// changed the session first: then a later one offers it.
async fn offer(visit: &Visit, opened: &mut Opened) -> Option<Plan> {
    let renewed = opened.renew(&visit.shared);
    let offered = renewed.and_then(|()| opened.plan(&visit.shared, visit.arrival.client()));
    let plan =
        offered.inspect_err(|error| tracing::warn!(%error, "a token that is due was not renewed")).ok()?;
    plan.appends.iter().for_each(|append| visit.forget(append.written.id));
    match visit.shared.ledger.commit(&plan.appends, visit.basis(), None).await {
        Ok(()) => Some(plan),
        Err(error) => {
            if !error.is_retryable() {
                tracing::warn!(%error, "a token that is due was not renewed");
            }
            None
        }
    }
}

/// Writes what the browser has shown: an offered token, or another client. Another request may have done so
/// first; if this fails, the next request tries it again.
async fn append_aside(visit: &Visit, aside: Append) {
    visit.forget(aside.written.id);
    let aside = [Arc::new(aside)];
    match visit.shared.ledger.commit(&aside, visit.basis(), None).await {
        Ok(()) => visit.tell_client_changes(&aside),
        Err(error) if !error.is_retryable() => {
            tracing::warn!(%error, "an offered token was not taken, or another client was not noted");
        }
        Err(_) => {}
    }
}
