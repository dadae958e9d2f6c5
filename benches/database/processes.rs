//! Two processes without affinity: each request of a session comes to the process that has not served the
//! last one, so that whatever a process knows of it is old. The cost of known sessions then, beside two
//! processes that know none.

use std::sync::Arc;

use bench_report::{Goal, Target, markdown};
use poem::http::Method;
use private_postgres::Server;

use crate::application::{Application, CONNECTIONS};
use crate::drive::{Failure, Line, Measured, Plan, Turn, contest};
use crate::ground::{Ground, Share};

/// The requests whose answers commit: a session alone, and with a transaction of the application's.
const PATHS: [&str; 2] = ["/change/1", "/order"];

/// Two processes of the application, and their share of the sessions.
struct Pair {
    processes: [Application; 2],
    share: Share,
}

/// The figures of one path.
pub(crate) struct Found {
    path: &'static str,
    /// With known sessions, and without.
    lines: Vec<Measured>,
    /// How often handlers ran for each request, with known sessions.
    runs: f64,
}

/// Measures both pairs in turns.
pub(crate) async fn measure(server: &Server, sessions: usize, plan: Plan) -> Result<Vec<Found>, Failure> {
    let ground = Arc::new(Ground::with_sessions(server, sessions, 0).await?);
    let knowing = Arc::new(Pair::of(&ground, true, Share::LibraryKnown).await?);
    let loading = Arc::new(Pair::of(&ground, false, Share::HandKnown).await?);
    let mut found = Vec::new();
    for path in PATHS {
        let lines = [
            knowing.line(&ground, "known sessions, each request elsewhere", path),
            loading.line(&ground, "without known sessions, likewise", path),
        ];
        let (runs, calls) = (knowing.runs(), knowing.calls());
        let lines = contest(&lines, plan).await?;
        let runs = (knowing.runs() - runs) as f64 / (knowing.calls() - calls).max(1) as f64;
        found.push(Found { path, lines, runs });
    }
    Ok(found)
}

impl Pair {
    async fn of(ground: &Ground, knows: bool, share: Share) -> Result<Self, Failure> {
        let process = async || {
            let (database, connections) = (ground.database.config(), CONNECTIONS / 2);
            if knows {
                Application::on(&database, connections).await
            } else {
                Application::on_loading(&database, connections).await
            }
        };
        Ok(Self { processes: [process().await?, process().await?], share })
    }

    fn line(self: &Arc<Self>, ground: &Arc<Ground>, name: &'static str, path: &'static str) -> Line {
        let (pair, ground) = (Arc::clone(self), Arc::clone(ground));
        Line::new(name, move |turn| {
            let (pair, ground) = (Arc::clone(&pair), Arc::clone(&ground));
            async move {
                // Each session is used twice in a row, so by either process.
                let process = &pair.processes[turn.nth as usize % 2];
                let turn = Turn { nth: turn.nth / 2, ..turn };
                let cookie = &ground.session(pair.share, turn).cookie;
                process.call(Method::POST, path, Some(cookie)).await.map(drop)
            }
        })
    }

    fn runs(&self) -> u64 {
        self.processes.iter().map(Application::runs).sum()
    }

    fn calls(&self) -> u64 {
        self.processes.iter().map(Application::calls).sum()
    }
}

pub(crate) fn table(found: &[Found]) -> String {
    let rows = found.iter().flat_map(|found| {
        found.lines.iter().enumerate().map(|(nth, line)| {
            let (least, most) = line.span();
            vec![
                format!("{}: {}", found.path, line.name),
                format!("{:.0}", line.rate()),
                format!("{least:.0}..{most:.0}"),
                format!("{:.2}", line.ratio_to(&found.lines[1])),
                if nth == 0 { format!("{:.3}", found.runs) } else { "1".to_owned() },
            ]
        })
    });
    let heads =
        ["two processes", "requests/s", "least..most", "in terms of no known sessions", "runs a request"];
    markdown(&heads, rows)
}

pub(crate) fn goals(found: &[Found]) -> Vec<Goal> {
    let goal = |found: &Found| Goal {
        name: format!("{} at two processes without affinity, in terms of no known sessions", found.path),
        target: Target::AtLeast(0.97),
        measured: found.lines[0].ratio_to(&found.lines[1]),
        unit: "",
    };
    found.iter().map(goal).collect()
}
