//! The findings as markdown tables.

use bench_report::markdown;

use crate::contest::{Contest, Event, Findings};
use crate::elsewhere::Stale;
use crate::figures::{NONE, microseconds, milliseconds, ratio};
use crate::open::LATE_MS;
use crate::operation::Operation;
use crate::peer::{LEDGER, Store, YARDSTICK};

/// Answers a second of the closed loop.
pub(crate) fn rates(contest: &Contest) -> String {
    let findings = &contest.findings;
    let row = |event: Event| {
        let (operation, name) = event;
        let (rate, least, greatest) = findings.rate(event)?;
        Some(vec![
            format!("{rate:.0}"),
            format!("{least:.0} to {greatest:.0}"),
            ratio(findings.ratio(operation, name, YARDSTICK)),
            ratio(findings.ratio(operation, LEDGER, name)),
            milliseconds(findings.median_of(event, |slice| slice.tally.milliseconds_at(0.5))),
            milliseconds(findings.median_of(event, |slice| slice.tally.milliseconds_at(0.99))),
            findings.errors(event).0.to_string(),
        ])
    };
    let yardstick = format!("times {YARDSTICK}");
    let ours = format!("{LEDGER} is, times this");
    let heads = ["requests/s", "from, to", &yardstick, &ours, "p50 ms", "p99 ms", "errors"];
    by_operation(contest, &Operation::ALL, &heads, row)
}

/// The resources of a request of the closed loop.
pub(crate) fn costs(contest: &Contest) -> String {
    let findings = &contest.findings;
    let row = |event: Event| {
        findings.rate(event)?;
        Some(vec![
            microseconds(findings.per_request(event, |spent| spent.server_seconds)),
            microseconds(findings.per_request(event, |spent| spent.store_seconds)),
            microseconds(findings.per_request(event, |spent| spent.client_seconds)),
            format!("{:.0}", findings.per_request(event, |spent| spent.wal_bytes)),
            findings.commits.get(&event).map_or(NONE.to_owned(), |commits| format!("{commits:.2}")),
        ])
    };
    let heads = ["server CPU µs", "store CPU µs", "client CPU µs", "WAL bytes", "commits"];
    by_operation(contest, &Operation::ALL, &heads, row)
}

/// Latencies at a fixed rate.
pub(crate) fn steady(contest: &Contest) -> String {
    let row = |event: Event| {
        let steady = contest.findings.open.get(&event)?;
        Some(vec![
            format!("{:.0}", steady.rate),
            milliseconds(steady.tally.milliseconds_at(0.5)),
            milliseconds(steady.tally.milliseconds_at(0.99)),
            milliseconds(steady.tally.milliseconds_max()),
            steady.due.to_string(),
            steady.late().to_string(),
            steady.tally.errors.to_string(),
        ])
    };
    let late = format!("later than {LATE_MS} ms");
    let heads = ["requests/s", "p50 ms", "p99 ms", "max ms", "due", &late, "unanswered"];
    by_operation(contest, &Operation::OF_THE_ACTIVE, &heads, row)
}

/// The results of parallel tabs.
pub(crate) fn tabs(contest: &Contest) -> String {
    let row = |event: Event| {
        let tabs = contest.findings.tabs.get(&event)?;
        let is_order = event.0 == Operation::Order;
        let of_orders = |count: u64| if is_order { count.to_string() } else { NONE.to_owned() };
        Some(vec![
            tabs.answered.to_string(),
            tabs.refused.to_string(),
            tabs.lost.to_string(),
            tabs.unasked.to_string(),
            of_orders(tabs.apart),
            of_orders(tabs.rows_wrong),
        ])
    };
    let heads =
        ["answered 200", "refused", "lost", "changed though refused", "rows ≠ count", "rows ≠ answers"];
    by_operation(contest, &Operation::CHANGING, &heads, row)
}

/// The results of logouts during requests.
pub(crate) fn logouts(contest: &Contest) -> String {
    let row = |event: Event| {
        let logouts = contest.findings.logouts.get(&event)?;
        let is_order = event.0 == Operation::Order;
        Some(vec![
            logouts.logouts.to_string(),
            logouts.overtaking.to_string(),
            logouts.resurrected.to_string(),
            if is_order { logouts.orders_after.to_string() } else { NONE.to_owned() },
        ])
    };
    let heads = ["logouts", "answered before the request", "resurrected sessions", "orders after the logout"];
    by_operation(contest, &Operation::CHANGING, &heads, row)
}

/// What a logout in another process and a crash have come to.
pub(crate) fn durability(contest: &Contest) -> String {
    let findings = &contest.findings;
    let rows = contest.contestants.iter().filter_map(|contestant| {
        let (peer, name) = (contestant.peer, contestant.peer.name);
        let (stale, loss) = (findings.stale.get(name)?, findings.losses.get(name)?);
        Some(vec![
            name.to_owned(),
            peer.store.to_string(),
            stale.to_string(),
            loss.changes.to_string(),
            loss.changes_gone.to_string(),
            format!("{} of {}", loss.sessions_gone, loss.sessions),
        ])
    });
    let heads = [
        "peer",
        "sessions in",
        "read after a logout elsewhere",
        "changes answered 200 before the crash",
        "of them gone after it",
        "sessions gone",
    ];
    markdown(&heads, rows)
}

impl Findings {
    /// Whether the peer reads sessions that have ended in another process.
    fn reads_stale(&self, name: &str) -> bool {
        self.stale.get(name).is_some_and(|stale| *stale != Stale::Never)
    }
}

/// The first error of each kind, if there was any.
pub(crate) fn errors(findings: &Findings) -> Vec<String> {
    let closed = findings.closed.keys().filter_map(|event| Some((event, findings.errors(*event).1?)));
    let open = findings.open.iter();
    let open = open.filter_map(|(event, steady)| Some((event, steady.tally.first_error.as_deref()?)));
    closed.chain(open).map(|((operation, name), error)| format!("- {name}, {operation}: {error}")).collect()
}

/// A row for each operation and peer with a known figure.
fn by_operation(
    contest: &Contest,
    operations: &[Operation],
    heads: &[&str],
    row: impl Fn(Event) -> Option<Vec<String>>,
) -> String {
    let first = ["operation and peer"];
    let rows = operations.iter().flat_map(|operation| {
        let of_peers = contest.contestants.iter().map(move |contestant| (*operation, contestant));
        of_peers.filter_map(|(operation, contestant)| {
            let mut cells = row((operation, contestant.peer.name))?;
            let name = contestant.peer.name;
            let is_stale = operation.reads() && contest.findings.reads_stale(name);
            let mark = match contestant.peer.store {
                _ if is_stale => " (stale)",
                Store::Redis(_) => " (Redis)",
                Store::PostgreSql => "",
            };
            cells.insert(0, format!("{operation}: {name}{mark}"));
            Some(cells)
        })
    });
    markdown(&[&first, heads].concat(), rows)
}
