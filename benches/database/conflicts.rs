//! False races: how often a request aborts although the sessions differ, and beside an application that has
//! races of its own. These are counts, so the machine's noise plays no part.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bench_report::{Goal, Target, markdown};
use poem::http::Method;
use private_postgres::Server;

use crate::application::CONNECTIONS;
use crate::drive::{Failure, Line, Turn, each};
use crate::ground::{Ground, Share, scattered};
use crate::requests::Field;

/// The number of rows that the application's requests fight for.
const ITEMS: u64 = 500;

/// Aborts and commits of one scene.
pub(crate) struct Count {
    scene: &'static str,
    commits: u64,
    aborts: u64,
}

/// Counts all scenes, each with this number of commits.
pub(crate) async fn count(server: &Server, sessions: usize, commits: u64) -> Result<Vec<Count>, Failure> {
    let many = Field::on(Ground::with_sessions(server, sessions, 0).await?, CONNECTIONS).await?;
    let few = Field::on(Ground::with_sessions(server, sessions / 100, 0).await?, CONNECTIONS).await?;
    Ok(vec![
        through_library("different sessions of all", &many, change_and_order(&many), commits).await?,
        through_library("of a hundredth of them, 1 in 10 a new one", &few, with_creations(&few), commits)
            .await?,
        by_hand("the application's own races, no session", &many, commits).await?,
        through_library("the same races, and a session in each", &many, stock(&many), commits).await?,
    ])
}

/// Counts the aborts: a handler that ran in vain is one.
async fn through_library(
    scene: &'static str,
    field: &Field,
    line: Line,
    commits: u64,
) -> Result<Count, Failure> {
    eprintln!("aborts: {scene}");
    // A first request, so that the measured ones neither prepare statements nor touch pages for the first
    // time.
    each(&line, CONNECTIONS, 0, 200).await?;
    let before = field.ground.application.runs();
    each(&line, CONNECTIONS, 200, commits / CONNECTIONS as u64).await?;
    let commits = commits / CONNECTIONS as u64 * CONNECTIONS as u64;
    Ok(Count { scene, commits, aborts: field.ground.application.runs() - before - commits })
}

fn change_and_order(field: &Field) -> Line {
    mixed(field, |turn| if turn.nth.is_multiple_of(2) { "/change/1" } else { "/order" })
}

/// One request in ten comes without a cookie, and starts a session.
fn with_creations(field: &Field) -> Line {
    mixed(field, |turn| if turn.nth.is_multiple_of(10) { "/login" } else { "/change/1" })
}

fn mixed(field: &Field, path: fn(Turn) -> &'static str) -> Line {
    let field = field.clone();
    Line::new("library", move |turn| {
        let field = field.clone();
        async move {
            let path = path(turn);
            let cookie = (path != "/login").then(|| &field.ground.session(Share::Library, turn).cookie);
            field.ground.application.call(Method::POST, path, cookie).await.map(drop)
        }
    })
}

fn stock(field: &Field) -> Line {
    let field = field.clone();
    Line::new("library", move |turn| {
        let field = field.clone();
        async move {
            let (looked_at, taken) = items(turn);
            let path = format!("/stock/{looked_at}/{taken}");
            let cookie = &field.ground.session(Share::Library, turn).cookie;
            field.ground.application.call(Method::POST, &path, Some(cookie)).await.map(drop)
        }
    })
}

async fn by_hand(scene: &'static str, field: &Field, commits: u64) -> Result<Count, Failure> {
    eprintln!("aborts: {scene}");
    let aborts = Arc::new(AtomicU64::new(0));
    let (field, counted) = (field.clone(), Arc::clone(&aborts));
    let line = Line::new("by hand", move |turn| {
        let (field, counted) = (field.clone(), Arc::clone(&counted));
        async move {
            let (looked_at, taken) = items(turn);
            counted.fetch_add(field.hand(turn).stock(looked_at, taken).await?, Ordering::Relaxed);
            Ok(())
        }
    });
    each(&line, CONNECTIONS, 0, commits / CONNECTIONS as u64).await?;
    let commits = commits / CONNECTIONS as u64 * CONNECTIONS as u64;
    Ok(Count { scene, commits, aborts: aborts.load(Ordering::Relaxed) })
}

/// Two items for each turn, the same in both scenes.
fn items(turn: Turn) -> (u64, u64) {
    let random = scattered(turn.nth * 64 + turn.client as u64 + 1);
    (random % ITEMS + 1, random / ITEMS % ITEMS + 1)
}

impl Count {
    fn percent(&self) -> f64 {
        self.aborts as f64 * 100.0 / self.commits as f64
    }
}

pub(crate) fn table(counts: &[Count]) -> String {
    let row = |count: &Count| {
        let percent = format!("{:.2} %", count.percent());
        vec![count.scene.to_owned(), count.commits.to_string(), count.aborts.to_string(), percent]
    };
    markdown(&["16 clients", "commits", "aborts", "aborts / commit"], counts.iter().map(row))
}

pub(crate) fn goals(counts: &[Count]) -> Vec<Goal> {
    let [different, few, own, with_session] = counts else { return Vec::new() };
    vec![
        Goal {
            name: format!("aborts in {} commits on different sessions", different.commits),
            target: Target::AtMost(0.0),
            measured: different.aborts as f64,
            unit: "",
        },
        Goal {
            name: "aborts among few sessions, 1 request in 10 starting one".to_owned(),
            target: Target::AtMost(1.5),
            measured: few.percent(),
            unit: "%",
        },
        Goal {
            name: "a contended application's aborts with sessions, in terms of its own".to_owned(),
            target: Target::AtMost(1.25),
            measured: with_session.percent() / own.percent().max(f64::MIN_POSITIVE),
            unit: "",
        },
    ]
}
