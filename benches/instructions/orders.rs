//! Orders, each an insert of the application together with a change of its session: all that the process does
//! for them, the driver's work too. Through the library, the same SQL by hand, and without a session.
//!
//! One thread does all, as in `requests.rs`. The messages of the server arrive by themselves, now together
//! and now apart, so these counts differ a little from run to run.

use poem::http::Method;
use private_postgres::Server;

use crate::application::Application;
use crate::drive::{Failure, Turn};
use crate::ground::{Ground, Share, server};
use crate::hand::{Hand, Task};
use crate::region::count_many;
use crate::requests::runtime;

/// The number of orders that are counted.
const ORDERS: u32 = 200;

/// How many sessions there are.
const SESSIONS: usize = 64;

/// Orders through the library.
pub(crate) fn orders() {
    let (server, runtime) = (server().unwrap(), runtime());
    let ground = runtime.block_on(ground(&server));
    let application: &Application = &ground.application;
    count_many(ORDERS, |nth| {
        let cookie = &ground.session(Share::Library, turn(nth)).cookie;
        runtime.block_on(application.call(Method::POST, "/order", Some(cookie))).unwrap();
    });
    // Its end is a matter of the runtime's, too.
    runtime.block_on(async { drop(ground) });
}

/// The same SQL, sent by hand in the same trips.
pub(crate) fn orders_by_hand() {
    by_hand(Task::Order);
}

/// The application's insert alone, in a transaction.
pub(crate) fn orders_without_a_session() {
    by_hand(Task::Purchase);
}

fn by_hand(task: Task) {
    let (server, runtime) = (server().unwrap(), runtime());
    let ground = runtime.block_on(ground(&server));
    let hand = runtime.block_on(Hand::connect(&ground.database.config())).unwrap();
    count_many(ORDERS, |nth| {
        let done: Result<(), Failure> =
            runtime.block_on(hand.run(task, ground.session(Share::Library, turn(nth)).id));
        done.unwrap();
    });
    runtime.block_on(async { drop(ground) });
}

async fn ground(server: &Server) -> Ground {
    Ground::with_sessions(server, SESSIONS, 0).await.unwrap()
}

fn turn(nth: u32) -> Turn {
    Turn { client: 0, nth: nth.into() }
}
