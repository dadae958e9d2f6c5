//! The expectations of the statements with which operators keep a ledger in shape: no request runs them.

use super::check::Check::{self, Exempt, Plan};
use super::check::{NO_PLAN, ONE, OPERATOR, PAGED, WHOLE};

/// Why a job's lease needs no plan.
const JOB: &str = "reads and writes the one row of a job, outside any request";

/// Why events that a follower's handler refuses need no plan.
const PARKED: &str = "reads and writes the rows of events that were refused, outside any request";

/// These statements, by the names of their files.
pub(crate) const UPKEEP: &[(&str, Check)] = &[
    ("age_activity.sql", Exempt(PAGED)),
    ("age_ended_sessions.sql", Exempt(PAGED)),
    ("age_failed_clients.sql", Exempt(PAGED)),
    ("age_failed_logins.sql", Exempt(PAGED)),
    ("age_login_steps.sql", Exempt(PAGED)),
    ("archived_partitions.sql", Exempt("reads the few rows of `archived_partition`, outside any request")),
    ("attach_month.sql", Exempt(NO_PLAN)),
    ("begin_restore.sql", Exempt(NO_PLAN)),
    ("condition.sql", Exempt("reads the statistics of two tables, outside any request")),
    ("drop_partition.sql", Exempt(NO_PLAN)),
    ("events_otherwise.sql", Exempt("reads a bounded part of the partition that is empty where all is well")),
    ("events_waiting.sql", Exempt(PARKED)),
    ("feed_now.sql", Exempt(NO_PLAN)),
    ("list_projections.sql", Exempt("reads the few rows of `projection`, outside any request")),
    ("lock_projection.sql", Exempt(NO_PLAN)),
    (
        "log_partitions.sql",
        Exempt("reads the catalog and looks for one row in each month, outside any request"),
    ),
    ("make_month.sql", Exempt(NO_PLAN)),
    ("open_projection.sql", Exempt(ONE)),
    ("overdue_page.sql", Exempt(PAGED)),
    ("partition_kinds.sql", Exempt(WHOLE)),
    ("partition_page.sql", Exempt(PAGED)),
    ("projection_cursor.sql", Exempt(ONE)),
    ("projection_differences.sql", Exempt(WHOLE)),
    ("release_job.sql", Exempt(JOB)),
    ("replace_projection.sql", Exempt(WHOLE)),
    ("restorable.sql", Exempt("looks for one row of each table, before a restore alone")),
    (
        "redact_clients.sql",
        Plan {
            role: OPERATOR,
            arguments: "now(), '-infinity', ID, 1000",
            wanted: &["ended_session_by_time", "Update on event"],
        },
    ),
    ("restore_events.sql", Exempt("writes events into an empty log, outside any request")),
    ("search_temporary.sql", Exempt(NO_PLAN)),
    ("settle_restore.sql", Exempt("sets counters, after a restore alone")),
    ("stage_projection.sql", Exempt(NO_PLAN)),
    ("take_job.sql", Exempt(JOB)),
    ("unpark.sql", Exempt(PARKED)),
];
