//! A request whose handler does not use its session, with and without the middleware. The difference is the
//! middleware's cost for everybody.
//!
//! A ledger needs a server, so valgrind also watches how a private one is started. The start is not counted,
//! and the server itself is not watched. One thread does all: callgrind could not tell threads apart, and a
//! request that moves to another thread takes more instructions.

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
    // If the server belongs to others, the database is dropped on this runtime.
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

pub(crate) fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}
