//! The report: all findings on one page.

use std::error::Error;
use std::fs;
use std::path::Path;

use bench_report::{Goal, bars, machine, markdown, publish};

use crate::contest::Contest;
use crate::flags::Plan;
use crate::goals::goals;
use crate::operation::Operation;
use crate::peer::{LEDGER, Store, YARDSTICK};
use crate::workshop::Workshop;
use crate::{postgres, redis, tables, versions};

/// The section of the results and the name of the chart.
const SECTION: &str = "peers";

/// An existing page keeps its prose.
const EMPTY_PAGE: &str = "# Results\n\n## Peers\n\n<!-- peers -->\n<!-- /peers -->\n";

/// The whole report as markdown.
pub(crate) async fn text(
    contest: &Contest,
    plan: &Plan,
    workshop: &Workshop,
) -> Result<String, Box<dyn Error>> {
    let findings = &contest.findings;
    let goals = goals(findings);
    let left_out = findings.left_out.iter();
    let left_out: Vec<_> =
        left_out.map(|(name, reason)| format!("- **{name}** is left out. {reason}")).collect();
    let (lock, requirements) = workshop.versions();
    let parts = [
        setting(contest, plan).await?,
        [versions::lines(&contest.contestants, &lock, &requirements), left_out].concat().join("\n"),
        titled("Goals", "", &markdown(&Goal::HEADS, goals.iter().map(Goal::row))),
        titled("Closed loop", CLOSED, &tables::rates(contest)),
        titled("What a request costs", COSTS, &tables::costs(contest)),
        titled("Open loop", OPEN, &tables::steady(contest)),
        titled("Parallel tabs", TABS, &tables::tabs(contest)),
        titled("Logouts during a request", LOGOUTS, &tables::logouts(contest)),
        titled("Logouts elsewhere, and a crash", DURABILITY, &tables::durability(contest)),
        errors(contest),
    ];
    Ok(parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n\n"))
}

const CLOSED: &str = "Each connection asks again as soon as it is answered, each time as a random one of its \
     browsers: for `return` those that were away, so that most are read for the first time in minutes; for the others \
     those that send a request every few seconds. Medians over rounds; ratios are medians of the ratios within a round. \
     Reads marked *stale* come from the process's memory, which does not know of logouts elsewhere: the last table says for how long.";
const DURABILITY: &str = "Two processes of each peer share its store. A browser is known to both and logs out at one; how long does \
     the other one still read its session? Then all peers, every Redis and PostgreSQL are killed (`kill -9`) while 16 browsers of each \
     peer change their sessions, and are started again. Gone: changes that were answered with 200 and are not in the \
     session any more, and sessions that cannot be read. The machine stays up, so this asks less than a power failure would.";
const COSTS: &str = "CPU by the kernel's account, for each request of the closed loop; the store is PostgreSQL with \
     all its processes, and the peer's own Redis where it has one. WAL is the whole server's. Commits are counted \
     apart, over a fixed number of requests (a SELECT of its own is one too), once PostgreSQL's counters have come to rest.";
const OPEN: &str = "Requests are due at a fixed rate: half of what the slowest peer in Rust can do, the same for all \
     in Rust; half of what it can do for the one in Python. Latencies count from when a request was due. All rounds \
     together.";
const TABS: &str = "Eight tabs of one browser send ten requests each, whose handlers work for 5 ms between reading \
     and writing. Lost: changes that were answered with 200 and are not in the session afterwards.";
const LOGOUTS: &str = "A request whose handler works for 20 ms is under way when the browser logs out in another tab. \
     Resurrected: the session can still be read afterwards. Orders after the logout: answered with 200 and in the \
     database, though they were committed after the logout had been answered.";

fn titled(title: &str, lead: &str, table: &str) -> String {
    let lead = if lead.is_empty() { String::new() } else { format!("{lead}\n\n") };
    format!("### {title}\n\n{lead}{table}")
}

/// The place, the time and the settings.
async fn setting(contest: &Contest, plan: &Plan) -> Result<String, Box<dyn Error>> {
    let has_redis =
        contest.contestants.iter().any(|contestant| matches!(contestant.peer.store, Store::Redis(_)));
    let redis = redis::version().await.filter(|_| has_redis);
    let mut servers = format!("PostgreSQL {}", contest.postgres.version().await?);
    redis.iter().for_each(|version| servers.push_str(&format!(", Redis {version}")));
    let settings = postgres::SETTINGS.map(|(name, value)| format!("`{name} = {value}`")).join(", ");
    Ok(format!(
        "{}.\n\n{} sessions at each peer, of which {} send requests all the time; {} rounds, in which the peers take turns; {} s for each peer and operation; {} connections; client, \
         servers and stores on the same machine, over loopback. PostgreSQL commits with fsync; also set: {settings}; \
         vacuum runs between rounds. Each Redis peer has a Redis of its own (`save ''`): without persistence (`appendonly no`), and for those called \
         `fsync` with `appendonly yes, appendfsync always`.",
        machine(&servers),
        plan.sessions,
        plan.active,
        plan.rounds,
        plan.slice.as_secs_f64(),
        plan.connections,
    ))
}

fn errors(contest: &Contest) -> String {
    let errors = tables::errors(&contest.findings);
    if errors.is_empty() { String::new() } else { titled("First errors", "", &errors.join("\n")) }
}

/// Writes the report into the results, with its chart.
pub(crate) fn write(contest: &Contest, benches: &Path, text: &str) -> Result<(), Box<dyn Error>> {
    let (page, charts) = (benches.join("RESULTS.md"), benches.join("results"));
    fs::create_dir_all(&charts)?;
    if !page.exists() {
        fs::write(&page, EMPTY_PAGE)?;
    }
    let chart = format!("{SECTION}.svg");
    draw(contest, &charts.join(&chart))?;
    let image = format!("![Requests per second of each peer, {YARDSTICK} = 1](results/{chart})");
    publish(&page, SECTION, &format!("{image}\n\n{text}"))?;
    Ok(())
}

/// Rates relative to the yardstick; relative to ours if the yardstick takes no part.
fn draw(contest: &Contest, file: &Path) -> Result<(), Box<dyn Error>> {
    let names: Vec<_> = contest.contestants.iter().map(|contestant| contestant.peer.name).collect();
    let one = if names.contains(&YARDSTICK) { YARDSTICK } else { LEDGER };
    let groups = Operation::ALL.map(Operation::name);
    let height = |group: usize, name: usize| {
        contest.findings.ratio(Operation::ALL[group], names[name], one).unwrap_or_default()
    };
    let title = format!("Requests per second, closed loop ({one} = 1)");
    bars(file, &title, &format!("times {one}"), &groups, &names, height)
}
