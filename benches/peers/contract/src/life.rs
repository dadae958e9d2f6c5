//! Start and stop of a peer.

use std::io::{self, Read, Write};
use std::thread;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

/// Tells the parent process that the peer listens.
///
/// # Errors
///
/// Nobody reads the output.
pub fn ready() -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "ready")?;
    out.flush()
}

/// Returns when the peer has to stop: on SIGTERM, or when its standard input ends, as it does when the parent
/// process dies.
///
/// # Errors
///
/// No handler for signals can be installed.
pub async fn over() -> io::Result<()> {
    let (tell, told) = oneshot::channel();
    // A thread of its own, as a runtime does not end before its blocking reads have ended.
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
