//! Requests through the library, beside the same SQL by hand, an ordinary store, and bare trips.

use std::sync::Arc;

use bench_report::{Goal, Target, markdown};
use poem::http::Method;

use crate::drive::{Failure, Line, Measured, Plan, Turn, contest};
use crate::ground::{Ground, Share};
use crate::hand::{Hand, Task};

const LIBRARY: &str = "library";
pub(crate) const BY_HAND: &str = "the same SQL by hand";
const PLAIN: &str = "an ordinary store";
const FLOOR: &str = "bare trips";

/// The participants: the library's application, and a connection by hand for each client.
#[derive(Clone)]
pub(crate) struct Field {
    pub(crate) ground: Arc<Ground>,
    pub(crate) hands: Arc<[Hand]>,
}

/// The findings about one kind of request.
pub(crate) struct Finding {
    pub(crate) request: &'static str,
    pub(crate) lines: Vec<Measured>,
}

impl Field {
    pub(crate) async fn on(ground: Ground, clients: usize) -> Result<Self, Failure> {
        let mut hands = Vec::new();
        for _ in 0..clients {
            hands.push(Hand::connect(&ground.database.config()).await?);
        }
        Ok(Self { ground: ground.into(), hands: hands.into() })
    }

    /// Measures every kind of request, line beside line.
    pub(crate) async fn requests(&self, plan: Plan) -> Result<Vec<Finding>, Failure> {
        self.prepare_plain().await?;
        let kinds = [
            ("read", self.read()),
            ("change 1 value", self.change(1)),
            ("change 3 values", self.change(3)),
            ("start", self.start()),
            ("end", self.end()),
            ("order", self.order()),
            ("change of a known session", self.known_change()),
            ("order of a known session", self.known_order()),
            ("history", self.history()),
        ];
        let mut findings = Vec::new();
        for (request, lines) in kinds {
            eprintln!("{request}: {} lines of {} rounds", lines.len(), plan.rounds);
            findings.push(Finding { request, lines: contest(&lines, plan).await? });
        }
        Ok(findings)
    }

    /// An ordinary store has a row for each session too.
    async fn prepare_plain(&self) -> Result<(), Failure> {
        let fill = "insert into plain_session
            select session_id, state || token_hash, now() + interval '14 days' from session_ledger.session";
        self.ground.client.batch_execute(fill).await?;
        Ok(self.ground.client.batch_execute("vacuum analyze plain_session").await?)
    }

    fn read(&self) -> Vec<Line> {
        vec![
            self.library(Share::Library, Method::GET, "/read"),
            self.by_hand(BY_HAND, Task::Load),
            self.by_hand(PLAIN, Task::PlainRead),
            self.by_hand(FLOOR, Task::Trips(1)),
        ]
    }

    fn change(&self, values: usize) -> Vec<Line> {
        let path = if values == 1 { "/change/1" } else { "/change/3" };
        vec![
            self.library(Share::Library, Method::POST, path),
            self.by_hand(BY_HAND, Task::Write(values)),
            self.by_hand(PLAIN, Task::PlainWrite),
            self.by_hand(FLOOR, Task::Trips(2)),
        ]
    }

    fn start(&self) -> Vec<Line> {
        let field = self.clone();
        let library = Line::new(LIBRARY, move |_| {
            let application = field.ground.application.clone();
            async move { application.call(Method::POST, "/login", None).await.map(drop) }
        });
        vec![
            library,
            self.by_hand(BY_HAND, Task::Create),
            self.by_hand(PLAIN, Task::PlainCreate),
            self.by_hand(FLOOR, Task::Trips(2)),
        ]
    }

    /// Library and hand end sessions that have not been ended before.
    fn end(&self) -> Vec<Line> {
        let field = self.clone();
        let library = Line::new(LIBRARY, move |_| {
            let field = field.clone();
            async move {
                let stored = field.ground.to_end()?;
                field.ground.application.call(Method::POST, "/logout", Some(&stored.cookie)).await.map(drop)
            }
        });
        let field = self.clone();
        let by_hand = Line::new(BY_HAND, move |turn| {
            let field = field.clone();
            async move { field.hand(turn).run(Task::End, field.ground.to_end()?.id).await }
        });
        vec![library, by_hand, self.by_hand(PLAIN, Task::PlainEnd), self.by_hand(FLOOR, Task::Trips(2))]
    }

    fn order(&self) -> Vec<Line> {
        vec![
            self.library(Share::Library, Method::POST, "/order"),
            self.by_hand(BY_HAND, Task::Order),
            self.by_hand(PLAIN, Task::PlainOrder),
            self.by_hand("without a session", Task::Purchase),
            self.by_hand(FLOOR, Task::Trips(3)),
        ]
    }

    /// BEGIN, the append and COMMIT in one trip.
    fn known_change(&self) -> Vec<Line> {
        vec![
            self.library(Share::LibraryKnown, Method::POST, "/change/1"),
            self.by_hand(BY_HAND, Task::KnownWrite),
            self.by_hand(PLAIN, Task::PlainWrite),
            self.by_hand(FLOOR, Task::Trips(1)),
        ]
    }

    /// BEGIN with the application's insert, then the append with COMMIT.
    fn known_order(&self) -> Vec<Line> {
        vec![
            self.library(Share::LibraryKnown, Method::POST, "/order"),
            self.by_hand(BY_HAND, Task::KnownOrder),
            self.by_hand(PLAIN, Task::PlainOrder),
            self.by_hand("without a session", Task::Purchase),
            self.by_hand(FLOOR, Task::Trips(2)),
        ]
    }

    /// All events of a session, decoded.
    fn history(&self) -> Vec<Line> {
        let field = self.clone();
        let library = Line::new(LIBRARY, move |turn| {
            let field = field.clone();
            async move {
                let history = field
                    .ground
                    .application
                    .ledger
                    .history(field.ground.session(Share::Library, turn).id)
                    .await?;
                if history.is_empty() { Err("a session without events".into()) } else { Ok(()) }
            }
        });
        vec![library, self.by_hand(BY_HAND, Task::History), self.by_hand(FLOOR, Task::Trips(1))]
    }

    /// A request of the client's own sessions through the library.
    pub(crate) fn library(&self, share: Share, method: Method, path: &'static str) -> Line {
        let field = self.clone();
        Line::new(LIBRARY, move |turn| {
            let (field, method) = (field.clone(), method.clone());
            async move {
                let cookie = &field.ground.session(share, turn).cookie;
                field.ground.application.call(method, path, Some(cookie)).await.map(drop)
            }
        })
    }

    /// As many other sessions by hand.
    pub(crate) fn by_hand(&self, name: &'static str, task: Task) -> Line {
        let field = self.clone();
        let share = if task.is_of_a_known_session() { Share::HandKnown } else { Share::Hand };
        Line::new(name, move |turn| {
            let field = field.clone();
            async move { field.hand(turn).run_until_done(task, field.ground.session(share, turn).id).await }
        })
    }

    pub(crate) fn hand(&self, turn: Turn) -> &Hand {
        &self.hands[turn.client % self.hands.len()]
    }
}

/// All findings: rates, and those of the library in terms of the other lines.
pub(crate) fn table(findings: &[Finding]) -> String {
    let rows = findings.iter().flat_map(|finding| {
        finding.lines.iter().map(|line| {
            let (least, most) = line.span();
            vec![
                format!("{}: {}", finding.request, line.name),
                format!("{:.0}", line.rate()),
                format!("{least:.0}..{most:.0}"),
                format!("{:.0}", line.latency()),
                format!("{:.2}", finding.lines[0].ratio_to(line)),
            ]
        })
    });
    markdown(&["request", "requests/s", "least..most", "p50, µs", "library / this"], rows)
}

/// The goals.
pub(crate) fn goals(findings: &[Finding]) -> Vec<Goal> {
    let ratio = |request: &str, line: &str| {
        let finding = findings.iter().find(|finding| finding.request == request)?;
        Some(finding.lines[0].ratio_to(finding.lines.iter().find(|measured| measured.name == line)?))
    };
    let wanted = [
        ("read", BY_HAND, 0.95, "a read, in terms of the same SQL by hand, 16 connections"),
        ("change 1 value", BY_HAND, 0.95, "a write, in terms of the same SQL by hand, 16 connections"),
        ("order", BY_HAND, 0.95, "an order, in terms of the same SQL by hand"),
        ("start", BY_HAND, 0.95, "a login, in terms of the same SQL by hand"),
        ("end", BY_HAND, 0.95, "a logout, in terms of the same SQL by hand"),
        (
            "order of a known session",
            BY_HAND,
            0.95,
            "an order of a known session, in terms of the same by hand",
        ),
        (
            "order of a known session",
            "without a session",
            0.65,
            "a transaction with a known session, in terms of the same without",
        ),
    ];
    let goal = |(request, line, least, name): (&str, &str, f64, &str)| {
        let measured = ratio(request, line)?;
        Some(Goal { name: name.to_owned(), target: Target::AtLeast(least), measured, unit: "" })
    };
    wanted.into_iter().filter_map(goal).collect()
}
