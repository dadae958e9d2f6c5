//! One connection through the wire.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::net::UnixStream;
use tokio::sync::Notify;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::cut::{Cut, UNNOTICED};
use super::messages::{Messages, answer_commit, is_commit, runs_statement};
use super::{State, Stream};

type FromServer = ReadHalf<Box<dyn Stream>>;

/// What is left of the way back when it is told to end.
struct WayBack {
    from_server: FromServer,
    /// Still open: the client must not notice a cut before its time.
    to_client: WriteHalf<UnixStream>,
}

/// The way from the client to the server; the way back is a task beside it.
pub(super) struct Line {
    from_client: ReadHalf<UnixStream>,
    to_server: WriteHalf<Box<dyn Stream>>,
    answering: JoinHandle<WayBack>,
    /// Ends the way back, which hands over what is left of it.
    hush: Arc<Notify>,
    /// Whether the server has answered since the client last sent something.
    answered: Arc<AtomicBool>,
    state: Arc<State>,
}

impl Line {
    pub(super) fn connect(client: UnixStream, server: Box<dyn Stream>, state: Arc<State>) -> Self {
        let answered = Arc::new(AtomicBool::new(true));
        let (from_client, to_client) = tokio::io::split(client);
        let (from_server, to_server) = tokio::io::split(server);
        let hush = Arc::new(Notify::new());
        let answer =
            answer(from_server, to_client, Arc::clone(&hush), Arc::clone(&answered), Arc::clone(&state));
        Self { from_client, to_server, answering: tokio::spawn(answer), hush, answered, state }
    }

    /// Forwards until one side closes, or a COMMIT comes that is to be cut.
    pub(super) async fn run(mut self) {
        let mut messages = Messages::default();
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(bytes @ 1..) = self.from_client.read(&mut buffer).await {
            if self.answered.swap(false, Ordering::SeqCst) {
                self.state.trips.fetch_add(1, Ordering::SeqCst);
            }
            messages.add(&buffer[..bytes]);
            let whole: Vec<_> = std::iter::from_fn(|| messages.next()).collect();
            let commit = whole.iter().position(|message| is_commit(message));
            if let Some(commit) = commit
                && let Some(cut) = self.state.cut_now()
            {
                return self.cut(cut, &whole[..commit].concat(), &whole.concat()).await;
            }
            let statements = whole.iter().filter(|message| runs_statement(message)).count();
            self.state.statements.fetch_add(statements, Ordering::SeqCst);
            self.state.sent.fetch_add(whole.iter().map(Vec::len).sum(), Ordering::SeqCst);
            if self.to_server.write_all(&whole.concat()).await.is_err() {
                break;
            }
        }
        self.to_server.shutdown().await.ok();
    }

    /// `before` holds the messages before the COMMIT, `all` those up to the end. Dropping both ways of a side
    /// closes it.
    async fn cut(self, cut: Cut, before: &[u8], all: &[u8]) {
        let Self { from_client, mut to_server, answering, hush, state, .. } = self;
        hush.notify_one();
        let WayBack { mut from_server, to_client } =
            answering.await.expect("the way back ends when it is told to");
        if cut == Cut::Late {
            drop((from_client, to_client));
            state.release.notified().await;
            to_server.write_all(all).await.ok();
            read_to_commit(&mut from_server).await;
            state.answered.notify_one();
            return;
        }
        let forwarded = if matches!(cut, Cut::Before | Cut::Unnoticed | Cut::Silent) { before } else { all };
        to_server.write_all(forwarded).await.ok();
        if cut == Cut::After {
            read_to_commit(&mut from_server).await;
        }
        drop((from_client, to_client));
        match cut {
            Cut::Unnoticed => tokio::time::sleep(UNNOTICED).await,
            // Until the server gives up by itself.
            Cut::Silent => while matches!(from_server.read(&mut [0; 64]).await, Ok(1..)) {},
            Cut::Unanswered => read_to_commit(&mut from_server).await,
            _ => {}
        }
    }
}

/// The way back. When the server closes it, the client is told.
async fn answer(
    mut from: FromServer,
    to: WriteHalf<UnixStream>,
    hush: Arc<Notify>,
    answered: Arc<AtomicBool>,
    state: Arc<State>,
) -> WayBack {
    let (delayed, due) = unbounded_channel();
    let delivering = tokio::spawn(deliver(due, to, answered));
    let mut buffer = vec![0; 64 * 1024];
    let is_over = loop {
        let bytes = tokio::select! {
            biased;
            () = hush.notified() => break false,
            bytes = from.read(&mut buffer) => bytes,
        };
        let Ok(bytes @ 1..) = bytes else { break true };
        state.received.fetch_add(bytes, Ordering::SeqCst);
        if delayed.send((Instant::now() + state.latency, buffer[..bytes].to_vec())).is_err() {
            break true;
        }
    };
    drop(delayed);
    let mut to_client = delivering.await.expect("what was answered is delivered");
    if is_over {
        to_client.shutdown().await.ok();
    }
    WayBack { from_server: from, to_client }
}

/// Hands over each answer when it is due. Answers that follow each other closely are late by the same time,
/// not one after the other.
async fn deliver(
    mut due: UnboundedReceiver<(Instant, Vec<u8>)>,
    mut to: WriteHalf<UnixStream>,
    answered: Arc<AtomicBool>,
) -> WriteHalf<UnixStream> {
    while let Some((at, bytes)) = due.recv().await {
        if at > Instant::now() {
            tokio::time::sleep_until(at).await;
        }
        answered.store(true, Ordering::SeqCst);
        if to.write_all(&bytes).await.is_err() {
            break;
        }
    }
    to
}

/// Reads the server's answers and drops them, until it has answered COMMIT or is gone.
async fn read_to_commit(from: &mut FromServer) {
    let (mut answers, mut buffer) = (Vec::new(), vec![0; 4096]);
    while !answer_commit(&answers) {
        match from.read(&mut buffer).await {
            Ok(bytes @ 1..) => answers.extend(&buffer[..bytes]),
            _ => return,
        }
    }
}
