//! Requests over a wire with a latency, on one connection: only trips count there.

use std::time::Duration;

use bench_report::{Goal, Target, markdown};
use poem::http::Method;
use private_postgres::Server;
use test_support::Wire;

use crate::application::Application;
use crate::drive::{Failure, Measured, Plan, contest};
use crate::ground::{Ground, Share};
use crate::hand::{Hand, Task};
use crate::requests::Field;

const LATENCY: Duration = Duration::from_millis(1);

/// Measures a change of one value through the library, by hand with a trip for each statement, and a bare
/// trip.
pub(crate) async fn measure(server: &Server, plan: Plan) -> Result<Vec<Measured>, Failure> {
    eprintln!("latency");
    let ground = Ground::with_sessions(server, 1_000, 0).await?;
    let wire = Wire::with_latency(&ground.database.config(), LATENCY);
    let ground = ground.through(Application::on(&wire.config(), 1).await?);
    let hands = vec![Hand::connect(&wire.config()).await?];
    let field = Field { ground: ground.into(), hands: hands.into() };
    let lines = [
        field.library(Share::Library, Method::POST, "/change/1"),
        field.by_hand("each statement in a trip of its own", Task::WriteStepByStep),
        field.by_hand("a bare trip", Task::Trips(1)),
    ];
    contest(&lines, plan.clients(1)).await
}

pub(crate) fn table(lines: &[Measured]) -> String {
    let row = |line: &Measured| {
        let trips = lines[2].ratio_to(line);
        vec![line.name.to_owned(), format!("{:.0}", line.rate()), format!("{trips:.2}")]
    };
    markdown(
        &["change 1 value, 1 ms to the database, 1 connection", "requests/s", "trips"],
        lines.iter().map(row),
    )
}

pub(crate) fn goals(lines: &[Measured]) -> Vec<Goal> {
    let [library, step_by_step, trip] = lines else { return Vec::new() };
    let goal = |name: &str, target, measured| Goal { name: name.to_owned(), target, measured, unit: "" };
    vec![
        goal("trips that a write takes, with 1 ms of latency", Target::AtMost(2.6), trip.ratio_to(library)),
        goal(
            "a write in terms of one without pipelines",
            Target::AtLeast(1.8),
            library.ratio_to(step_by_step),
        ),
    ]
}
