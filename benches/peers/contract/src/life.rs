//! How a peer comes and goes.

use std::io::{self, Read, Write};
use std::thread;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

/// Tells whoever started the peer that it listens.
///
/// # Errors
///
/// Nobody reads what it says.
pub fn ready() -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "ready")?;
    out.flush()
}

/// Returns when the peer has to go: its standard input has ended, as it does when whoever started it dies, or SIGTERM.
///
/// # Errors
///
/// There can be no handler for signals.
pub async fn over() -> io::Result<()> {
    let (tell, told) = oneshot::channel();
    // A thread of its own: a runtime does not end before its blocking reads have.
    thread::spawn(move || {
        let mut passed_over = [0; 1024];
        while matches!(io::stdin().read(&mut passed_over), Ok(1..)) {}
        tell.send(()).ok();
    });
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = told => {}
        _ = terminate.recv() => {}
    }
    Ok(())
}
