//! Noticing that nobody reads standard output any more, also while there is nothing to write.

/// Ends when the other end of standard output has been closed, as `head` does when it has enough. Never ends
/// where that cannot be known: for a file, for example.
#[cfg(unix)]
pub async fn gone() {
    use std::os::fd::AsFd;

    use tokio::io::Interest;
    use tokio::net::unix::pipe::Sender;

    // Only watched, never written to, so that it may block. The kernel reports a closed pipe or terminal as
    // an error of the writing end; a file cannot be watched.
    let own = std::io::stdout().as_fd().try_clone_to_owned();
    if let Ok(output) = own.and_then(Sender::from_owned_fd_unchecked)
        && output.ready(Interest::ERROR).await.is_ok()
    {
        return;
    }
    std::future::pending().await
}

/// Never ends: this system does not tell.
#[cfg(not(unix))]
pub async fn gone() {
    std::future::pending().await
}
