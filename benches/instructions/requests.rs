//! A request whose handler does not use its session, with and without the middleware: their difference is what the
//! middleware costs everybody.
//!
//! A ledger cannot be had without a server, so valgrind also watches how a private one is started. That is not counted,
//! and the server itself is not watched. One thread does all, as callgrind could not tell whose turn it is: a request
//! that moves to another thread takes more.

use poem::endpoint::make_sync;
use poem::http::header;
use poem::{Endpoint, EndpointExt, Request};
use session_ledger::session::Policy;
use session_ledger::web::Sessions;
use test_support::{Database, key_ring};
use tokio::runtime::{Builder, Runtime};

use crate::region::count;
use crate::scene::{USER_AGENT, cookies, sealer, token};

pub(crate) fn request_without_middleware() {
    requests(&runtime(), untouched());
}

pub(crate) fn request_that_ignores_its_session() {
    let runtime = runtime();
    let database = runtime.block_on(Database::fresh());
    let ledger = runtime.block_on(database.ledger(Policy::default()));
    requests(&runtime, untouched().with(Sessions::new(ledger, key_ring())));
    // Where others own the server, the database is dropped on this runtime.
    drop(database);
}

fn untouched() -> impl Endpoint {
    make_sync(|_| "untouched").map_to_response()
}

fn requests(runtime: &Runtime, endpoint: impl Endpoint) {
    let cookies = cookies(&token(&sealer()));
    let request = || {
        Request::builder().header(header::USER_AGENT, USER_AGENT).header(header::COOKIE, &cookies).finish()
    };
    count(request, |request| runtime.block_on(endpoint.call(request)).map_err(drop));
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}
