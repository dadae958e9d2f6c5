//! SIGHUP, by which an operator asks a process to read its configuration again.

/// The hangups of this process. Where there are none, the next one never comes.
#[derive(Debug, Default)]
pub(super) struct Hangups(State);

#[cfg(unix)]
type Signal = tokio::signal::unix::Signal;
#[cfg(not(unix))]
type Signal = std::convert::Infallible;

#[derive(Debug, Default)]
enum State {
    #[default]
    Unheard,
    Heard(Signal),
    /// The signal cannot be listened for, and keeps its usual effect.
    Deaf,
}

impl Hangups {
    /// Waits for the next one. Those before the first call are not heard.
    pub(super) async fn next(&mut self) {
        if matches!(self.0, State::Unheard) {
            self.0 = listen().map_or(State::Deaf, State::Heard);
        }
        match &mut self.0 {
            #[cfg(unix)]
            State::Heard(signal) => drop(signal.recv().await),
            _ => std::future::pending().await,
        }
    }
}

#[cfg(unix)]
fn listen() -> Option<Signal> {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::hangup()) {
        Ok(signal) => Some(signal),
        Err(error) => {
            tracing::warn!(%error, "SIGHUP cannot be listened for: a new key ring is found by looking at its file");
            None
        }
    }
}

#[cfg(not(unix))]
fn listen() -> Option<Signal> {
    None
}
