//! Streams that are pushed: each has a relay of its own, as `projector relay run` has it, for as long as its
//! receiver wants it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use session_ledger::ledger::SignalStream;
use time::OffsetDateTime;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use super::desk::{Desk, Kept, LISTED_MAX, PUSHED_MAX, telling};
use super::refusal::Refusal;
use super::sealing::PushTo;
use super::stream::{Delivery, Notice, Status, Stream};
use crate::relay::sink::push::{Means as PushMeans, Push};
use crate::relay::sink::{Closed, Delivery as Delivered};
use crate::relay::target::{Means, Target};
use crate::relay::{BATCH, IDLE_MS, Relay};
use crate::run::Relaying;

/// How often the streams are looked at, beside when this process has changed one.
const LOOK: Duration = Duration::from_secs(1);

/// How often the streams that are passed over are moved to the end of the log, so that no month waits for
/// them.
const PASS: Duration = Duration::from_secs(60);

/// What a stream's relay does: it begins anew with any change.
#[derive(Clone, PartialEq)]
struct Wanted {
    to: PushTo,
    audiences: Vec<String>,
    /// Whether events are delivered, and not only what is told of the stream itself.
    runs: bool,
}

/// A stream that is pushed.
struct Pushed {
    wanted: Wanted,
    stop: watch::Sender<bool>,
    notices: watch::Sender<Vec<Notice>>,
    tasks: Vec<JoinHandle<()>>,
}

/// Pushes what is to be pushed until the process is to stop.
pub(super) async fn keep_pushing(desk: Arc<Desk>) {
    let (mut stopped, mut changed) = (desk.stopped.clone(), desk.changed.subscribe());
    let (mut pushed, mut passed) = (HashMap::new(), None);
    while !*stopped.borrow() {
        match desk.ledger.signal_streams(None, LISTED_MAX).await {
            Ok(rows) => {
                let streams: Vec<_> = rows.into_iter().filter_map(read).collect();
                attend(&desk, &streams, &mut pushed).await;
                if passed.is_none_or(|at: Instant| at.elapsed() > PASS) {
                    pass_over(&desk, &streams).await;
                    passed = Some(Instant::now());
                }
            }
            Err(error) => tracing::warn!("the streams cannot be read: {error}; looking again in {LOOK:?}"),
        }
        tokio::select! {
            _ = stopped.wait_for(|is_stopped| *is_stopped) => {}
            _ = changed.changed() => {}
            () = sleep(LOOK) => {}
        }
    }
    for one in pushed.into_values() {
        stopped_tasks(one).await;
    }
}

fn read(row: SignalStream) -> Option<(SignalStream, Stream)> {
    match Kept::of(row.clone()) {
        Ok(kept) => Some((row, kept.stream)),
        Err(error) => {
            tracing::error!("{error}");
            None
        }
    }
}

/// Begins and ends relays, so that there is one for each stream that is pushed.
async fn attend(desk: &Arc<Desk>, streams: &[(SignalStream, Stream)], pushed: &mut HashMap<String, Pushed>) {
    let mut wanted = HashMap::new();
    for (row, stream) in streams {
        let Delivery::Push(sealed) = &stream.delivery else { continue };
        let Some(to) = desk.pushed_to(&row.name, stream) else {
            tracing::error!(
                "stream `{}` was sealed with a key that is gone: name it behind the other --key",
                row.name
            );
            continue;
        };
        if !desk.sealer.is_fresh(sealed) {
            seal_anew(desk, row, &to).await;
        }
        let runs = stream.status == Status::Enabled && !stream.is_passed_over();
        let audiences = stream.audiences.clone();
        wanted.insert(&row.name, (row, stream, Wanted { to, audiences, runs }));
    }
    let gone =
        |name: &String, one: &mut Pushed| !wanted.get(name).is_some_and(|(.., want)| *want == one.wanted);
    let mut before: HashMap<String, Pushed> = pushed.extract_if(gone).collect();
    for (name, (row, stream, want)) in wanted.into_iter().take(PUSHED_MAX) {
        let due: Vec<_> = stream.due_notices().cloned().collect();
        if let Some(one) = pushed.get(name) {
            one.notices.send_if_modified(|notices| {
                let is_new = *notices != due;
                *notices = due;
                is_new
            });
            continue;
        }
        let earlier = before.remove(name);
        match begin(desk, row, stream, want, due, earlier) {
            Ok(one) => drop(pushed.insert(name.clone(), one)),
            Err(error) => tracing::error!("stream `{name}` cannot be pushed: {error}"),
        }
    }
    for one in before.into_values() {
        one.stop.send_replace(true);
    }
}

/// Stops what runs of a stream, and waits for it.
async fn stopped_tasks(one: Pushed) {
    one.stop.send_replace(true);
    for task in one.tasks {
        task.await.ok();
    }
}

fn begin(
    desk: &Arc<Desk>,
    row: &SignalStream,
    stream: &Stream,
    wanted: Wanted,
    due: Vec<Notice>,
    earlier: Option<Pushed>,
) -> Result<Pushed, crate::Error> {
    let refused = |told: String| crate::Error::Arguments(told);
    let endpoint = wanted.to.endpoint_url.parse().map_err(crate::relay::target::TargetError::from)?;
    let authorization = wanted.to.authorization_header.as_deref().map(str::parse).transpose();
    let authorization = authorization
        .map_err(|error: crate::relay::sink::push::AuthorizationError| refused(error.to_string()))?;
    let transmitter = desk.transmitter(stream).ok_or_else(|| refused("there is no key".to_owned()))?;
    let means = PushMeans { transmitter, authorization, private: desk.private };
    let teller = Push::new(Clone::clone(&endpoint), means.clone(), OffsetDateTime::now_utc)?;
    let (stop, stopped) = watch::channel(false);
    let (notices, due) = watch::channel(due);
    let relaying = Relaying {
        relay: relay(&row.name, &desk.holder),
        target: Target::Signals(endpoint),
        means: Means { signals: Some(means), ..Means::default() },
    };
    let (name, receiver) = (row.name.clone(), row.receiver.clone());
    let runs = wanted.runs;
    let (first, second) = (Arc::clone(desk), Arc::clone(desk));
    let (of_events, of_notices) = ((receiver.clone(), name.clone()), (receiver, name));
    let relayed = stopped.clone();
    let events = tokio::spawn(async move {
        if let Some(earlier) = earlier {
            stopped_tasks(earlier).await;
        }
        if runs {
            deliver(first, of_events, relaying, relayed).await;
        }
    });
    let notices_told = tokio::spawn(tell(second, of_notices, teller, due, stopped));
    Ok(Pushed { wanted, stop, notices, tasks: vec![events, notices_told] })
}

fn relay(name: &str, holder: &str) -> Relay {
    Relay {
        subscription: name.to_owned(),
        create: false,
        once: false,
        holder: holder.to_owned(),
        telling: telling(),
        batch: BATCH,
        idle: Duration::from_millis(IDLE_MS.into()),
        tries_max: None,
    }
}

/// Delivers events until it is stopped, or the receiver takes no more: then the stream is paused.
async fn deliver(
    desk: Arc<Desk>,
    (receiver, name): (String, String),
    relaying: Relaying,
    mut stopped: watch::Receiver<bool>,
) {
    let Some(closed) = relaying.until_closed(&desk.ledger, stopped.clone()).await else { return };
    tracing::warn!("stream `{name}` is paused, as {closed}");
    while !*stopped.borrow() {
        match pause(&desk, (&receiver, &name), &closed).await {
            Ok(()) | Err(Refusal::NoStream) => return,
            Err(error) => {
                tracing::error!("stream `{name}` could not be paused: {error}; trying again in {LOOK:?}")
            }
        }
        tokio::select! {
            _ = stopped.wait_for(|is_stopped| *is_stopped) => {}
            () = sleep(LOOK) => {}
        }
    }
}

/// Pauses a stream whose receiver takes no more. It is the receiver who opens it again, so its subscription
/// does not stay closed.
async fn pause(desk: &Desk, (receiver, name): (&str, &str), closed: &Closed) -> Result<(), Refusal> {
    desk.ledger.reopen_subscription(name).await?;
    let reason = format!("paused by the transmitter, as {closed}");
    desk.put_status(receiver, name, Status::Paused, Some(reason)).await.map(drop)
}

/// Pushes what is to be told of the stream itself. The sink leaves a receiver that is away alone for a while.
async fn tell(
    desk: Arc<Desk>,
    (receiver, name): (String, String),
    push: Push,
    mut due: watch::Receiver<Vec<Notice>>,
    mut stopped: watch::Receiver<bool>,
) {
    loop {
        let notices = due.borrow_and_update().clone();
        let telling = tell_all(&desk, (&receiver, &name), &push, &notices);
        let is_done = tokio::select! {
            _ = stopped.wait_for(|is_stopped| *is_stopped) => return,
            told = telling => told,
        };
        tokio::select! {
            _ = stopped.wait_for(|is_stopped| *is_stopped) => return,
            changed = due.changed() => if changed.is_err() { return },
            () = sleep(LOOK), if !is_done => {}
        }
    }
}

/// Whether all could be told.
async fn tell_all(desk: &Desk, (receiver, name): (&str, &str), push: &Push, notices: &[Notice]) -> bool {
    for notice in notices {
        let Ok(kept) = desk.read(receiver, name).await else { return false };
        // It may have been told meanwhile.
        if !kept.stream.notices.contains(notice) {
            continue;
        }
        let token = desk.transmitter(&kept.stream);
        let token = token.and_then(|by| by.notice(name, notice, OffsetDateTime::now_utc()).ok());
        let Some(token) = token else { return false };
        match push.tell(token).await {
            Ok(Delivered::Acknowledged) => {}
            Ok(Delivered::Refused(reason)) => {
                tracing::warn!("stream `{name}`: a token about the stream itself is refused: {reason}");
            }
            Ok(Delivered::Failed(reason) | Delivered::Away(reason)) => {
                tracing::warn!("stream `{name}`: {reason}; a token about the stream itself is pushed again");
                return false;
            }
            // The receiver is gone for now. What is to be told waits until the stream is changed.
            Err(_) => return true,
        }
        let forgotten = desk.change(receiver, name, |stream| {
            stream.notices.retain(|one| one.jti != notice.jti);
            Ok(())
        });
        if forgotten.await.is_err() {
            return false;
        }
    }
    true
}

async fn seal_anew(desk: &Desk, row: &SignalStream, to: &PushTo) {
    let sealed = desk.seal(&row.name, to);
    let done = match sealed {
        Ok(delivery) => {
            let done = desk.change(&row.receiver, &row.name, |stream| {
                if stream.delivery != Delivery::Poll {
                    stream.delivery = delivery.clone();
                }
                Ok(())
            });
            done.await.map(drop)
        }
        Err(error) => Err(error),
    };
    if let Err(error) = done {
        tracing::warn!("stream `{}` was not sealed with the new key: {error}", row.name);
    }
}

async fn pass_over(desk: &Desk, streams: &[(SignalStream, Stream)]) {
    for (row, _) in streams.iter().filter(|(_, stream)| stream.is_passed_over()) {
        if let Err(error) = desk.ledger.forward_subscription(&row.name, &desk.holder).await {
            tracing::warn!("stream `{}` was not moved on: {error}", row.name);
        }
    }
}
