//! The places of a cut.

use std::time::Duration;

/// How long the server does not notice a [`Cut::Unnoticed`].
pub(super) const UNNOTICED: Duration = Duration::from_millis(50);

/// The place where a connection is cut that sends a COMMIT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Before the server sees the COMMIT, but after all that was sent before it. Both sides notice at once.
    Before,
    /// Before the COMMIT, but the server notices 50 ms later: until then the transaction is in progress.
    Unnoticed,
    /// Before the COMMIT, and the server never notices.
    Silent,
    /// After the server has answered the COMMIT, before the client hears of it.
    After,
    /// As soon as all is on its way to the server, which processes it when it can.
    Unanswered,
    /// Before the server sees any message that was sent together with the COMMIT. It sees all of them when
    /// the test asks for it ([`Wire::deliver`](super::Wire::deliver)).
    Late,
}
