//! Where a connection is cut.

use std::time::Duration;

/// How long the server does not notice a [`Cut::Unnoticed`].
pub(super) const UNNOTICED: Duration = Duration::from_millis(50);

/// Where the connection is cut on which a COMMIT is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Before the server sees the COMMIT, but all that was sent before it. Both sides notice at once.
    Before,
    /// The same, but the server notices 50 ms later: until then the transaction is in progress.
    Unnoticed,
    /// The same, but the server never notices.
    Silent,
    /// After the server has answered the COMMIT, before the client hears of it.
    After,
    /// As soon as all is on its way to the server, which works it off when it can.
    Unanswered,
    /// Before the server sees anything of what was sent together with the COMMIT. It sees all of that when the
    /// test says so ([`Wire::deliver`](super::Wire::deliver)).
    Late,
}
