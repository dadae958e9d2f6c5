//! Whether a request may start a session.

/// Whether a request may start a session, whose cookie would take the place of the one that it came with.
///
/// A response may set or remove a cookie only if its request came with none, with a token that is let in, or
/// with the cookie of a session that is long gone. Any other cookie was in use a moment ago: in another tab
/// the browser may have got a newer one meanwhile, which this response would take away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Start {
    /// The request came with no cookie, or with one that nobody here has sealed.
    Free,
    /// It came with the cookie of a session that is long gone. The browser is told to forget it.
    LongGone,
    /// It came with a cookie that was in use a moment ago. Only a log-in starts a session: it proves who
    /// asks.
    LogInOnly,
    /// It came with several cookies of the name. Whatever is set, one of them stays.
    Never,
}

impl Start {
    /// For a session that ended this many seconds ago, with a grace of so many seconds.
    pub(super) fn after_end(seconds_ago: f64, grace: u32) -> Self {
        if seconds_ago > f64::from(grace) { Self::LongGone } else { Self::LogInOnly }
    }

    /// Whether a change that is no log-in may start a session.
    pub(super) fn is_free(self) -> bool {
        matches!(self, Self::Free | Self::LongGone)
    }
}
