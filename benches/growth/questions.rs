//! Questions of auditors on a long log, beside lookups of rows by their keys.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use bench_report::{figure, markdown, median};
use session_ledger::SessionId;
use session_ledger::session::{EventFilter, LoginFilter, UserId};
use time::{Duration, OffsetDateTime};
use tokio_postgres::{Client, Statement};

use crate::Result;
use crate::report::Report;
use crate::scale::Scale;
use crate::scene::Scene;

/// Sessions of ten events: three of four with a login, nine of ten ended, ten of each user.
const FILL: &str = include_str!("../../tests/views/fill.sql");

/// Some of the sessions with a login.
const SAMPLES: &str = "select session_id, user_id, client_ip, started_at from one where user_id is not null
    order by random() limit 64";

/// The rows that one question may cost at the most.
const LOOKUPS: usize = 10;

/// The items of a page.
const PAGE: u32 = 50;

/// A first page that somebody asks for.
#[derive(Clone, Copy)]
enum Question {
    HistoryOfSession,
    HistoryOfUser,
    LoginsOfUser,
    LoginsFromAddress,
    SignedInAt,
    LatestLogins,
}

const QUESTIONS: [(Question, &str); 6] = [
    (Question::HistoryOfSession, "history of a session"),
    (Question::HistoryOfUser, "events of a user"),
    (Question::LoginsOfUser, "logins of a user"),
    (Question::LoginsFromAddress, "logins from an address"),
    (Question::SignedInAt, "who was signed in at a moment"),
    (Question::LatestLogins, "the latest logins"),
];

/// A session to ask about.
struct Sample {
    session: SessionId,
    user: UserId,
    address: IpAddr,
    started_at: OffsetDateTime,
}

pub(crate) async fn run(scene: &Arc<Scene>, scale: &Scale, report: &Report) -> Result<()> {
    let events = scale.questions;
    report.say(&format!("filling {events} events for questions"));
    scene.client.batch_execute("set synchronous_commit = off; set jit = off").await?;
    scene.client.batch_execute(&FILL.replace(":events", &events.to_string())).await?;
    crate::fill::settle(scene).await?;
    let samples = samples(&scene.client).await?;
    report.say("questions: measuring");
    let lookup = scene
        .client
        .prepare("select version from session_ledger.ended_session where session_id = $1")
        .await?;
    let mut lookups = Vec::new();
    let mut answers: [Vec<f64>; QUESTIONS.len()] = Default::default();
    // The first round fills the caches.
    for round in 0..=scale.rounds {
        for sample in &samples {
            let ten = ten_lookups(&scene.client, &lookup, &samples).await?;
            let mut times = Vec::with_capacity(QUESTIONS.len());
            for (question, _) in QUESTIONS {
                times.push(question.ask(scene, sample).await?);
            }
            if round > 0 {
                lookups.push(ten);
                answers.iter_mut().zip(times).for_each(|(answers, time)| answers.push(time));
            }
        }
    }
    report.section("questions", &text(events, &lookups, &answers))
}

async fn samples(client: &Client) -> Result<Vec<Sample>> {
    let read = |row: &tokio_postgres::Row| -> Result<Sample> {
        let session: uuid::Uuid = row.try_get("session_id")?;
        let user: &str = row.try_get("user_id")?;
        let (address, started_at) = (row.try_get("client_ip")?, row.try_get("started_at")?);
        Ok(Sample { session: session.into(), user: user.into(), address, started_at })
    };
    client.query(SAMPLES, &[]).await?.iter().map(read).collect()
}

/// The milliseconds of so many lookups, one after the other.
async fn ten_lookups(client: &Client, lookup: &Statement, samples: &[Sample]) -> Result<f64> {
    let asked = Instant::now();
    for _ in 0..LOOKUPS {
        let sample = &samples[rand::random_range(0..samples.len())];
        client.query_opt(lookup, &[&sample.session.as_uuid()]).await?;
    }
    Ok(asked.elapsed().as_secs_f64() * 1_000.0)
}

impl Question {
    /// The milliseconds of an answer, which must not be empty.
    async fn ask(self, scene: &Scene, sample: &Sample) -> Result<f64> {
        let ledger = &scene.ledger;
        let logins = async |filter: LoginFilter| {
            ledger.logins_page(&filter, None, PAGE).await.map(|page| page.logins.len())
        };
        let asked = Instant::now();
        let found = match self {
            Self::HistoryOfSession => ledger.history_page(sample.session, 0, PAGE).await?.len(),
            Self::HistoryOfUser => {
                let filter = EventFilter::of_user(sample.user.clone());
                ledger.events_page(&filter, None, PAGE).await?.events.len()
            }
            Self::LoginsOfUser => logins(LoginFilter::all().of_user(sample.user.clone())).await?,
            Self::LoginsFromAddress => logins(LoginFilter::all().from_network(sample.address)).await?,
            Self::SignedInAt => {
                logins(LoginFilter::all().open_at(sample.started_at + Duration::seconds(5))).await?
            }
            Self::LatestLogins => logins(LoginFilter::all()).await?,
        };
        if found == 0 {
            Err("a question had no answer".into())
        } else {
            Ok(asked.elapsed().as_secs_f64() * 1_000.0)
        }
    }
}

fn text(events: i64, lookups: &[f64], answers: &[Vec<f64>; QUESTIONS.len()]) -> String {
    let limit = median(lookups);
    let rows = QUESTIONS.iter().zip(answers).map(|((_, name), answers)| {
        let (time, times) = (median(answers), median(answers) / limit);
        let verdict = if times <= 1.0 {
            "pass".to_owned()
        } else {
            format!("missed by {:.0} %", (times - 1.0) * 100.0)
        };
        vec![(*name).to_owned(), figure(time), figure(times), verdict]
    });
    let heads = ["first page of 50", "p50, ms", "in terms of ten lookups", "wanted: at most 1"];
    let table = markdown(&heads, rows);
    format!(
        "{events} events. Ten lookups by primary key, one after the other: {} ms.\n\n{table}",
        figure(limit)
    )
}
