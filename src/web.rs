//! Sessions in poem: the face of the request cycle, and all that a handler needs.
//!
//! The [`Sessions`] middleware gives each request a visit to the ledger. A handler asks for a [`Session`],
//! for [`SignedIn`], or for [`Tx`], a transaction that its own statements and the session share. Nothing is
//! loaded before the handler asks, and nothing is written before it has returned.
//!
//! # When a request is committed
//!
//! | the handler returns | its changes |
//! |---|---|
//! | `Ok` with a status below 500 | are committed |
//! | `Ok` with a status of 500 and more | are rolled back |
//! | `Err` made from a redirect (3xx) | are committed |
//! | any other `Err` | are rolled back |
//!
//! Rolled back means: no event, no row, no cookie, no flash message. [`SessionsBuilder::commit_when`] sets
//! another rule. A request that loses a race against another request of its session runs again, body
//! included. So a handler should do nothing outside the database that must not be done twice.
//!
//! # Beside other middleware
//!
//! From the outside: compression, CORS, what catches panics, [`Sessions`], [`Csrf`], what puts something
//! into a request, the routes.
//!
//! - What makes an answer of an error goes outside of [`Sessions`]: poem's `Cors` and `catch_all_error`, say.
//!   Inside of it the `Err` of a handler would be an `Ok` with its status, and committed by the table above.
//! - What puts something into a request that it keeps nowhere else goes inside, poem's `CookieJarManager`
//!   say: a request that runs again would come without.
//! - Name the origins of poem's `Cors` one by one. With a pattern, a function or no origin it replaces the
//!   header `Vary`, and with it the `Cookie` that keeps visitors apart in caches.
//!
//! Extractors are those of poem, so poem-openapi takes them as they are. In the repository, `poem/site` has a
//! tested example of each: an API whose document tells of 401 and 409, nested routes, static files, CORS,
//! compression and panics.
//!
//! # Who may do what, and how often
//!
//! | wanted | ask |
//! |---|---|
//! | a proof of identity of the last minutes | [`Recent`] as the extractor |
//! | a certain method, or two factors | [`SignedIn::demand`] |
//! | a confirmation that serves one operation, once | [`Session::grant`], [`Session::take_grant`] |
//! | a new password that signs other devices out | [`Session::factor_changed`] |
//! | at most so many devices | [`Policy::sessions_per_user`](crate::session::Policy::sessions_per_user) |
//! | a user who is locked out | [`Ledger::disable_account`](crate::Ledger::disable_account) |
//! | a supporter who acts as a user | [`Session::impersonate`] |
//!
//! A login that a limit or a disabled account stands in the way of is refused when its request is committed,
//! as a [`LoginRefused`] that an application catches around the middleware.
//!
//! [`Devices`] is a page ready to be used: where users see and end their sessions.
//!
//! # After the answer
//!
//! A stream, a WebSocket or a task goes on when its request is settled. A [`Session`] that it has kept reads
//! as the request has left it, and refuses each change ([`SessionError::Over`]). What is made for it is a
//! [`SessionSnapshot`], which also tells when the session ends, and
//! [`Ledger::change`](crate::Ledger::change), which writes.
//!
//! An answer in one piece is sent at once. Of a stream, the events of a page or a WebSocket, a small part
//! waits until the one before is acknowledged, which the browser's system delays by up to 40 ms: poem's
//! listener does not switch that off. On Linux a connection has the switch from its listener:
//!
//! ```no_run
//! # use poem::{Endpoint, Server, listener::TcpAcceptor};
//! use tokio::net::TcpSocket;
//!
//! # async fn serve(app: impl Endpoint + 'static) -> Result<(), Box<dyn std::error::Error>> {
//! let socket = TcpSocket::new_v4()?;
//! socket.set_reuseaddr(true)?;
//! socket.set_nodelay(true)?;
//! socket.bind("127.0.0.1:8080".parse()?)?;
//! let acceptor = TcpAcceptor::from_tokio(socket.listen(1024)?)?;
//! Server::new_with_acceptor(acceptor).run(app).await?;
//! # Ok(()) }
//! ```

mod attempt;
mod builder;
mod client_address;
mod commit_policy;
mod csrf;
mod devices;
mod error;
mod extract;
mod face;
mod fault;
mod kept;
mod kept_body;
mod kept_request;
mod middleware;
mod outcome;
mod path_params;
pub(crate) mod plain_http;
mod session_transaction;
mod settings;
mod stale_reads;

pub use crate::ledger::{LoginRefused, Savepoint};
pub use crate::request::{
    Forged, Incident, NotSignedIn, OriginError, OtherSessions, Recent, Session, SessionError,
    SessionSnapshot, SignedIn, StepUpRequired, Tx,
};
pub use builder::SessionsBuilder;
pub use csrf::{Csrf, CsrfBuilder, CsrfEndpoint, CsrfSettingsError};
pub use devices::{Activity, Device, Devices, DevicesPage};
/// A network of addresses, or one address, from the crate `ipnet`: the type that
/// [`SessionsBuilder::trusted_proxies`] and filters by network take.
pub use ipnet::IpNet;
pub use middleware::{Sessions, SessionsEndpoint};
pub use settings::{RequestSettings, Settings, SettingsError};
pub use stale_reads::{StaleReads, StaleReadsEndpoint};
