//! The settings of the middleware, checked and ready.

use std::net::IpAddr;
use std::sync::Arc;

use poem::{Request, Response, Result};

use super::kept_body::Budget;
use super::plain_http::PlainHttp;
use crate::request::shared::Shared;

/// Says whether the changes of a request with this answer are kept.
pub(super) type CommitHook = Box<dyn Fn(&Result<Response>) -> bool + Send + Sync>;

/// Tells the address of a request's client, if it can.
pub(super) type ClientHook = Box<dyn Fn(&Request) -> Option<IpAddr> + Send + Sync>;

/// The parts that all requests share, and the settings that only poem's face needs.
pub(super) struct Face {
    pub(super) shared: Arc<Shared>,
    pub(super) commits: CommitHook,
    pub(super) client: Option<ClientHook>,
    pub(super) replay_bytes_max: usize,
    /// Whether a request with a cookie that a login has superseded a moment ago is refused, not redirected.
    pub(super) refuses_superseded: bool,
    pub(super) budget: Arc<Budget>,
    pub(super) plain_http: PlainHttp,
}
