//! Bytes that a request writes, and bytes that stay. These are counts, so the machine's noise plays no part.

use bench_report::{Counters, Goal, Target, markdown};
use poem::http::Method;
use private_postgres::Server;
use tokio_postgres::Row;

use crate::application::CONNECTIONS;
use crate::drive::{Failure, each};
use crate::ground::{Ground, Share};
use crate::requests::Field;

const LOG_SIZE: &str = include_str!("sql/log_size.sql");

/// Bytes.
pub(crate) struct Sizes {
    wal: Vec<(&'static str, f64)>,
    event: f64,
    event_row: f64,
    session: f64,
}

/// Measures this number of sessions and of requests of each.
pub(crate) async fn measure(server: &Server, sessions: usize, each_times: u64) -> Result<Sizes, Failure> {
    eprintln!("bytes");
    let ground = Ground::with_sessions(server, sessions, 0).await?;
    let field = Field::on(ground, CONNECTIONS).await?;
    let mut wal = Vec::new();
    for (request, method, path) in [
        ("read", Method::GET, "/read"),
        ("change 1 value", Method::POST, "/change/1"),
        ("change 3 values", Method::POST, "/change/3"),
        ("order", Method::POST, "/order"),
    ] {
        wal.push((request, wal_bytes(&field, method, path, each_times).await?));
    }
    let row = field.ground.client.query_one(LOG_SIZE, &[]).await?;
    let bytes = |row: &Row, column| row.try_get::<_, f64>(column);
    let (event, event_row) = (bytes(&row, "event_bytes")?, bytes(&row, "event_heap_bytes")?);
    Ok(Sizes { wal, event, event_row, session: bytes(&row, "session_bytes")? })
}

/// WAL a request, on pages that were written before since the last checkpoint. The first write of a page also
/// copies the page, which is the cost of the checkpoint and not of the request.
async fn wal_bytes(field: &Field, method: Method, path: &'static str, times: u64) -> Result<f64, Failure> {
    let line = field.library(Share::Library, method, path);
    let warm_up = times.min(field.ground.sessions.len() as u64);
    each(&line, CONNECTIONS, 0, warm_up).await?;
    let before = Counters::read(&field.ground.client).await?;
    each(&line, CONNECTIONS, warm_up, times).await?;
    let spent = Counters::read(&field.ground.client).await?.since(before);
    Ok(spent.wal_bytes as f64 / (times * CONNECTIONS as u64) as f64)
}

impl Sizes {
    pub(crate) fn table(&self) -> String {
        let mut rows: Vec<_> = self
            .wal
            .iter()
            .map(|(request, bytes)| (format!("WAL of a request: {request}"), *bytes))
            .collect();
        rows.push(("an event in the log, indexes included".to_owned(), self.event));
        rows.push(("an event in the log, the row alone".to_owned(), self.event_row));
        rows.push(("a live session's row, indexes included".to_owned(), self.session));
        let row = |(what, bytes): (String, f64)| vec![what, format!("{bytes:.0}")];
        markdown(&["what", "bytes"], rows.into_iter().map(row))
    }

    pub(crate) fn goals(&self) -> Vec<Goal> {
        let goal = |name: &str, most, measured| Goal {
            name: name.to_owned(),
            target: Target::AtMost(most),
            measured,
            unit: "B",
        };
        let change =
            self.wal.iter().find(|(request, _)| *request == "change 1 value").map_or(0.0, |one| one.1);
        vec![
            goal("WAL of a request with one event, warm pages", 650.0, change),
            goal("an event in the log, indexes included", 230.0, self.event),
            goal("a live session's row, indexes included", 500.0, self.session),
        ]
    }
}
