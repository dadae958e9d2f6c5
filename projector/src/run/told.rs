//! The metrics of `projector run`, by name.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use metrics::{Unit, counter, describe_counter, describe_gauge, gauge};
use session_ledger::Ledger;
use session_ledger::ledger::{Aged, Error, SubscriptionSummary};
use time::OffsetDateTime;

use super::{Job, Relaying, Work};
use crate::relay;

pub(super) const SWEPT: &str = "session_ledger_swept_sessions_total";
pub(super) const SWEEP_LEFT: &str = "session_ledger_sweep_left_total";
pub(super) const ARCHIVED: &str = "session_ledger_archived_months_total";
const RETAINED: &str = "session_ledger_retained_rows_total";
pub(super) const LEADER: &str = "session_ledger_job_leader";
pub(super) const RUNS: &str = "session_ledger_job_runs_total";
const ANSWERS: &str = "session_ledger_database_answers";
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
    describe_counter!(
        RETAINED,
        "Rows beside the log that were past their limit, and that went, by what they were."
    );
    describe_gauge!(LEADER, "1 where this process does the job, 0 where it stands by.");
    describe_counter!(RUNS, "How often this process has done a job, by outcome.");
    describe_gauge!(ANSWERS, "1 if the database was measured just now; 0 if what is told of it is older.");
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

/// Counts nothing yet of what the process will count, so that a rate can be told from the first time on.
pub(super) fn begin(jobs: &[Job], relays: &[Relaying]) {
    for Job { work, .. } in jobs {
        for outcome in ["done", "failed"] {
            counter!(RUNS, "job_name" => work.name(), "outcome" => outcome).increment(0);
        }
        match work {
            Work::Sweep => {
                counter!(SWEPT, "reason" => "idle_timeout").increment(0);
                counter!(SWEPT, "reason" => "absolute_timeout").increment(0);
                counter!(SWEEP_LEFT).increment(0);
            }
            Work::Partitions(_) => {}
            Work::Archive(_) => counter!(ARCHIVED).increment(0),
            Work::Retain(_) => {
                aged(&Aged::default()).into_iter().for_each(|(rows, _)| retained(rows, 0));
            }
        }
    }
    for Relaying { relay, .. } in relays {
        relay::begin(&relay.subscription);
    }
}

/// Counts rows that were past their limit.
pub(super) fn retained(rows: &'static str, number: u64) {
    counter!(RETAINED, "rows" => rows).increment(number);
}

/// How many rows of each sort were aged.
pub(super) fn aged(aged: &Aged) -> [(&'static str, u64); 6] {
    [
        ("ended_sessions", aged.ended_sessions),
        ("logins", aged.logins),
        ("failed_logins", aged.failed_logins),
        ("activity", aged.activity),
        ("clients", aged.clients),
        ("event_clients", aged.event_clients),
    ]
}

/// What the gauges tell of the database.
#[derive(Debug, Default)]
pub(super) struct Gauges {
    /// The subscriptions that were told of, each with its kind.
    subscriptions: Mutex<BTreeMap<String, &'static str>>,
}

impl Gauges {
    /// Looks at the database, and sets the gauges.
    pub(super) async fn measure(&self, ledger: &Ledger) -> Result<(), Error> {
        let measured = self.measured(ledger).await;
        gauge!(ANSWERS).set(if measured.is_ok() { 1.0 } else { 0.0 });
        measured
    }

    #[allow(clippy::cast_precision_loss, reason = "a gauge is a floating-point number")]
    async fn measured(&self, ledger: &Ledger) -> Result<(), Error> {
        let projections: BTreeSet<_> = ledger.followed_projections().await?.into_iter().collect();
        self.tell(&ledger.subscriptions().await?, &projections, OffsetDateTime::now_utc());
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

    /// Tells of each subscription. One that was dropped since lags no more: its last lag would alarm for
    /// ever.
    #[allow(clippy::cast_precision_loss, reason = "a gauge is a floating-point number")]
    fn tell(&self, listed: &[SubscriptionSummary], projections: &BTreeSet<String>, now: OffsetDateTime) {
        let kind = |name: &str| if projections.contains(name) { "projection" } else { "subscription" };
        let present: BTreeMap<_, _> = listed.iter().map(|one| (one.name.clone(), kind(&one.name))).collect();
        for one in listed {
            let seconds = one.lag_since.map_or(0.0, |since| (now - since).as_seconds_f64().max(0.0));
            let (dead, parked) = (one.dead_letters as f64, one.parked_sessions as f64);
            set(&one.name, kind(&one.name), [one.lag as f64, seconds, dead, parked]);
        }
        let mut told = self.subscriptions.lock().unwrap_or_else(PoisonError::into_inner);
        for (name, kind) in told.iter().filter(|(name, kind)| present.get(*name) != Some(kind)) {
            set(name, kind, [0.0; 4]);
        }
        *told = present;
    }
}

/// Sets what is told of a subscription.
fn set(name: &str, kind: &'static str, values: [f64; 4]) {
    for (metric, value) in [LAG_EVENTS, LAG_SECONDS, DEAD_LETTERS, PARKED].into_iter().zip(values) {
        gauge!(metric, "subscription" => name.to_owned(), "kind" => kind).set(value);
    }
}
