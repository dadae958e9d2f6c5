//! The goals, and the figures measured for them.

use bench_report::{Goal, Target};

use crate::contest::Findings;
use crate::elsewhere::Stale;
use crate::operation::Operation;
use crate::peer::{
    ACTIX_REDIS, ACTIX_REDIS_FSYNC, LEDGER, POEM_REDIS, POEM_REDIS_FSYNC, REFERENCE, YARDSTICK,
};

/// All goals whose figure is known.
pub(crate) fn goals(findings: &Findings) -> Vec<Goal> {
    let faster = [
        (Operation::Read, YARDSTICK, 1.5),
        (Operation::Change, YARDSTICK, 2.5),
        (Operation::Order, YARDSTICK, 2.0),
        (Operation::Order, POEM_REDIS_FSYNC, 1.0),
        (Operation::Order, ACTIX_REDIS_FSYNC, 1.0),
        (Operation::Order, POEM_REDIS, 0.85),
        (Operation::Order, ACTIX_REDIS, 0.85),
        (Operation::Read, REFERENCE, 20.0),
        (Operation::Change, REFERENCE, 25.0),
        (Operation::Order, REFERENCE, 14.0),
    ];
    let faster = faster.into_iter().filter_map(|(operation, other, times)| {
        let measured = findings.ratio(operation, LEDGER, other)?;
        let name = format!("{operation}: {LEDGER} against {other}, in requests/s");
        Some(Goal { name, target: Target::AtLeast(times), measured, unit: "" })
    });
    faster.chain(none_wrong(findings)).collect()
}

/// Of this library's sessions nothing may be lost, come back, or come too late.
fn none_wrong(findings: &Findings) -> Vec<Goal> {
    let tabs = findings.tabs.iter().filter(|((_, name), _)| *name == LEDGER);
    let lost: Vec<_> =
        tabs.map(|(_, tabs)| tabs.lost + tabs.unasked + tabs.apart + tabs.rows_wrong).collect();
    let logouts = findings.logouts.iter().filter(|((_, name), _)| *name == LEDGER);
    let late: Vec<_> = logouts.map(|(_, logouts)| (logouts.resurrected, logouts.orders_after)).collect();
    let (Some(stale), Some(loss)) = (findings.stale.get(LEDGER), findings.losses.get(LEDGER)) else {
        return Vec::new();
    };
    if lost.is_empty() || late.is_empty() {
        return Vec::new();
    }
    let none = |what: &str, count: u64| Goal {
        name: format!("{LEDGER}: {what}"),
        target: Target::AtMost(0.0),
        measured: count as f64,
        unit: "",
    };
    vec![
        none("updates lost or half done under parallel tabs", lost.iter().sum()),
        none("sessions resurrected after a logout", late.iter().map(|(resurrected, _)| resurrected).sum()),
        none("orders committed after a logout", late.iter().map(|(_, orders)| orders).sum()),
        none("sessions read after a logout in another process", u64::from(*stale != Stale::Never)),
        none("changes gone after a crash", loss.changes_gone + loss.sessions_gone),
    ]
}
