//! The metrics of `projector run`, by name.

use metrics::{Unit, describe_counter, describe_gauge, gauge};
use session_ledger::Ledger;
use session_ledger::ledger::Error;
use time::OffsetDateTime;

use crate::relay;

pub(super) const SWEPT: &str = "session_ledger_swept_sessions_total";
pub(super) const SWEEP_LEFT: &str = "session_ledger_sweep_left_total";
pub(super) const ARCHIVED: &str = "session_ledger_archived_months_total";
pub(super) const LEADER: &str = "session_ledger_job_leader";
pub(super) const RUNS: &str = "session_ledger_job_runs_total";
const LAG_EVENTS: &str = "session_ledger_subscription_lag_events";
const LAG_SECONDS: &str = "session_ledger_subscription_lag_seconds";
const DEAD_LETTERS: &str = "session_ledger_dead_letters";
const PARKED: &str = "session_ledger_parked_sessions";
const OLDEST: &str = "session_ledger_oldest_transaction_seconds";
const DEAD: &str = "session_ledger_dead_tuples";
const HOT: &str = "session_ledger_hot_update_ratio";
const AHEAD: &str = "session_ledger_partitions_ahead";
const OTHERWISE: &str = "session_ledger_events_otherwise";

/// Says what each metric is.
pub(super) fn describe() {
    describe_counter!(SWEPT, "Sessions whose time was over, and that were ended, by reason.");
    describe_counter!(SWEEP_LEFT, "Overdue sessions that somebody was at, and that were left.");
    describe_counter!(ARCHIVED, "Months of the log that this process has archived.");
    describe_gauge!(LEADER, "1 where this process does the job, 0 where it stands by.");
    describe_counter!(RUNS, "How often this process has done a job, by outcome.");
    describe_gauge!(LAG_EVENTS, "Committed events that a subscription was not delivered, up to 100000.");
    describe_gauge!(LAG_SECONDS, Unit::Seconds, "How long ago the first of these was recorded.");
    describe_gauge!(DEAD_LETTERS, "Events that a subscription's sink has refused, and nobody has given up.");
    describe_gauge!(PARKED, "Sessions whose events wait behind such an event.");
    describe_gauge!(OLDEST, Unit::Seconds, "For how long the server's oldest transaction has been open.");
    describe_gauge!(DEAD, "Dead rows that wait for a vacuum, by table.");
    describe_gauge!(
        HOT,
        "The part of all updates that were heap-only, by table: nearly 1 where all is well."
    );
    describe_gauge!(AHEAD, "Months after the present one that have their partition.");
    describe_gauge!(OTHERWISE, "Events outside all months, up to 10000: 0 where all is well.");
    relay::describe();
}

/// Looks at the database, and sets the gauges.
#[allow(clippy::cast_precision_loss, reason = "a gauge is a floating-point number")]
pub(super) async fn measure(ledger: &Ledger) -> Result<(), Error> {
    let now = OffsetDateTime::now_utc();
    for one in ledger.subscriptions().await? {
        gauge!(LAG_EVENTS, "subscription" => one.name.clone()).set(one.lag as f64);
        let seconds = one.lag_since.map_or(0.0, |since| (now - since).as_seconds_f64().max(0.0));
        gauge!(LAG_SECONDS, "subscription" => one.name.clone()).set(seconds);
        gauge!(DEAD_LETTERS, "subscription" => one.name.clone()).set(one.dead_letters as f64);
        gauge!(PARKED, "subscription" => one.name).set(one.parked_sessions as f64);
    }
    let condition = ledger.condition().await?;
    gauge!(OLDEST).set(condition.oldest_transaction_seconds.unwrap_or_default());
    for one in condition.tables {
        gauge!(DEAD, "table" => one.table.clone()).set(one.dead as f64);
        let ratio = if one.updates == 0 { 1.0 } else { one.hot_updates as f64 / one.updates as f64 };
        gauge!(HOT, "table" => one.table).set(ratio);
    }
    let partitions = ledger.partitions().await?;
    gauge!(AHEAD).set(partitions.months_ahead as f64);
    gauge!(OTHERWISE).set(partitions.events_otherwise as f64);
    Ok(())
}
