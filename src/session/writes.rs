//! The end of a request as its holding decides it: the writes, and the order to the browser.

use super::{Guard, Written};

/// The writes of a holding, in this order, and the condition under which they may be committed.
#[derive(Clone, Debug)]
pub struct Writes {
    /// The end of the stored session.
    pub end: Option<Written>,
    /// The events of the session that the request holds now.
    pub session: Option<Written>,
    /// The sealed secret that the session's row keeps of an offered token.
    pub resend: Resend,
    /// None if the appends make sure of it alone.
    pub guard: Option<Guard>,
}

/// The secret of an offered token that a session's row keeps, sealed, until a browser shows the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resend {
    /// None: no token is on offer.
    Drop,
    /// The one that it keeps already.
    Keep,
    /// The secret that this request has made.
    Seal,
}

/// The response's order to the browser about its token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CookiePlan {
    /// Nothing.
    Leave,
    /// Keep the token of the secret that this request has made.
    Mint,
    /// Keep the offered token, if the secret that the row keeps of it can be read.
    Resend,
    /// The same, unless it was sent less than so many seconds ago.
    ResendEvery(u32),
    /// Forget the token.
    Remove,
}
