//! The work in the process alone: the middleware around a request that does not use its session, and opening
//! a token.

use std::hint::black_box;
use std::time::Instant;

use bench_report::{Goal, Target, markdown, median};
use poem::http::Method;
use poem::{Endpoint, EndpointExt, Route, get};
use rand::rngs::SysRng;
use session_ledger::Ledger;
use session_ledger::internals::{Found, find};
use session_ledger::internals::{Sealer, Secret, Witness};
use session_ledger::session::{SessionId, SessionState};
use session_ledger::web::Sessions;
use test_support::{App, app, key_ring};
use time::OffsetDateTime;

use crate::application::{nothing, request};
use crate::drive::Failure;
use crate::ground::COOKIE;

/// Nanoseconds, by round.
#[derive(Default)]
pub(crate) struct Nanoseconds {
    bare: Vec<f64>,
    with_middleware: Vec<f64>,
    token: Vec<f64>,
}

/// Measures in turns, this number of times in each round.
pub(crate) async fn measure(ledger: Ledger, rounds: usize, times: u32) -> Result<Nanoseconds, Failure> {
    eprintln!("in the process");
    let bare = app(Route::new().at("/nothing", get(nothing)));
    let sessions = Sessions::new(ledger, key_ring());
    let with_middleware = app(Route::new().at("/nothing", get(nothing)).with(sessions));
    let sealer = Sealer::new(key_ring(), COOKIE, "");
    let id = SessionId::new(OffsetDateTime::UNIX_EPOCH, [7; 10]);
    let witness = Witness::of(&SessionState::default(), 1);
    let token = sealer.mint(id, &Secret::generate(&mut SysRng)?, witness, &mut SysRng)?;
    let line = format!("theme=dark; lang=de; {COOKIE}={}; consent=1; _ga=GA1.1.123456", token.expose());
    let mut measured = Nanoseconds::default();
    for _ in 0..rounds {
        measured.bare.push(call(&bare, times).await);
        measured.with_middleware.push(call(&with_middleware, times).await);
        measured.token.push(open(&sealer, &line, times));
    }
    Ok(measured)
}

async fn call(app: &App, times: u32) -> f64 {
    let started = Instant::now();
    for _ in 0..times {
        black_box(app.get_response(request(Method::GET, "/nothing", None)).await);
    }
    started.elapsed().as_nanos() as f64 / f64::from(times)
}

/// From the header to the session's id and secret.
fn open(sealer: &Sealer, line: &str, times: u32) -> f64 {
    let started = Instant::now();
    for _ in 0..times {
        if let Found::One(value) = find([black_box(line.as_bytes())].into_iter(), COOKIE) {
            black_box(sealer.open(value).is_ok());
        }
    }
    started.elapsed().as_nanos() as f64 / f64::from(times)
}

impl Nanoseconds {
    /// The middleware's overhead, in each round.
    fn overhead(&self) -> f64 {
        let pairs = self.with_middleware.iter().zip(&self.bare);
        median(&pairs.map(|(with, without)| with - without).collect::<Vec<_>>())
    }

    pub(crate) fn table(&self) -> String {
        let row = |what: &str, nanoseconds: f64| vec![what.to_owned(), format!("{nanoseconds:.0}")];
        let rows = [
            row("a request that does not use its session, without the middleware", median(&self.bare)),
            row("the same with it", median(&self.with_middleware)),
            row("find the cookie among five and open its token", median(&self.token)),
        ];
        markdown(&["in the process", "ns"], rows)
    }

    pub(crate) fn goals(&self) -> Vec<Goal> {
        let goal = |name: &str, most, measured| Goal {
            name: name.to_owned(),
            target: Target::AtMost(most),
            measured,
            unit: "ns",
        };
        vec![
            goal("header parse and token open", 3_000.0, median(&self.token)),
            goal("overhead of a request that does not use its session", 200.0, self.overhead()),
        ]
    }
}
