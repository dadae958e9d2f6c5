//! The expectations of the statements with which operators keep a ledger in shape: no request runs them.

use super::check::Check::{self, Exempt};
use super::check::{NO_PLAN, PAGED, WHOLE};

/// Why a job's lease needs no plan.
const JOB: &str = "reads and writes the one row of a job, outside any request";

/// These statements, by the names of their files.
pub(crate) const UPKEEP: &[(&str, Check)] = &[
    ("age_activity.sql", Exempt(PAGED)),
    ("age_clients.sql", Exempt(PAGED)),
    ("age_ended_sessions.sql", Exempt(PAGED)),
    ("age_failed_logins.sql", Exempt(PAGED)),
    ("age_login_steps.sql", Exempt(PAGED)),
    ("archived_partitions.sql", Exempt("reads the few rows of `archived_partition`, outside any request")),
    ("attach_month.sql", Exempt(NO_PLAN)),
    ("begin_restore.sql", Exempt(NO_PLAN)),
    ("condition.sql", Exempt("reads the statistics of two tables, outside any request")),
    ("drop_partition.sql", Exempt(NO_PLAN)),
    ("events_otherwise.sql", Exempt("reads a bounded part of the partition that is empty where all is well")),
    (
        "log_partitions.sql",
        Exempt("reads the catalog and looks for one row in each month, outside any request"),
    ),
    ("make_month.sql", Exempt(NO_PLAN)),
    ("overdue_page.sql", Exempt(PAGED)),
    ("partition_kinds.sql", Exempt(WHOLE)),
    ("partition_page.sql", Exempt(PAGED)),
    ("release_job.sql", Exempt(JOB)),
    ("restorable.sql", Exempt("looks for one row of each table, before a restore alone")),
    ("restore_events.sql", Exempt("writes events into an empty log, outside any request")),
    ("settle_restore.sql", Exempt("sets counters, after a restore alone")),
    ("take_job.sql", Exempt(JOB)),
];
