//! The expectations of the statements that verify and rebuild.

use super::check::Check::{self, Exempt, Plan};
use super::check::{AUDITOR, NO_PLAN, OPERATOR, WHOLE};

const STAGED: &str = "handles the rows that a rebuild has put beside the live ones, outside any request";

/// These statements, by the names of their files.
pub(crate) const REBUILDING: &[(&str, Check)] = &[
    ("add_ended_rows.sql", Exempt(STAGED)),
    (
        "add_live_rows.sql",
        Plan {
            role: OPERATOR,
            arguments: "array[ID]::uuid[]",
            wanted: &["Insert on session", "a_session_is_live_once on session"],
        },
    ),
    ("add_login_steps.sql", Exempt(STAGED)),
    ("begin_mending.sql", Exempt(NO_PLAN)),
    ("begin_rebuild.sql", Exempt(NO_PLAN)),
    ("begin_verification.sql", Exempt(NO_PLAN)),
    ("claim_rebuild.sql", Exempt(NO_PLAN)),
    (
        "clear_rows.sql",
        Plan {
            role: OPERATOR,
            arguments: "array[ID]::uuid[]",
            wanted: &["a_session_is_live_once", "a_session_ends_once", "a_login_step_is_an_event"],
        },
    ),
    ("copy_ended_rows.sql", Exempt(NO_PLAN)),
    ("copy_live_rows.sql", Exempt(NO_PLAN)),
    ("copy_login_steps.sql", Exempt(NO_PLAN)),
    ("empty_projection.sql", Exempt(WHOLE)),
    ("empty_staging.sql", Exempt(STAGED)),
    ("export_snapshot.sql", Exempt(NO_PLAN)),
    ("log_sample.sql", Exempt("reads a sample of the log's pages, outside any request")),
    (
        "mend_live_rows.sql",
        Plan {
            role: OPERATOR,
            arguments: "array[ID]::uuid[]",
            wanted: &["Update on session", "Index Scan using a_session_is_live_once on session"],
        },
    ),
    (
        "moved_sessions.sql",
        Plan { role: OPERATOR, arguments: "array[ID]::uuid[]", wanted: &["_pkey on event_"] },
    ),
    (
        "next_staged.sql",
        Plan {
            role: OPERATOR,
            arguments: "ID",
            wanted: &["LockRows", "Index Scan on a_session_is_live_once"],
        },
    ),
    ("pad_sessions.sql", Exempt(WHOLE)),
    (
        "range_sums.sql",
        Plan {
            role: AUDITOR,
            arguments: "ID, 'ffffffff-ffff-ffff-ffff-ffffffffffff', 10, 10, 10, array[ID]::uuid[]",
            wanted: &[
                "Index Scan using a_session_is_live_once",
                "Index Scan using a_session_ends_once",
                "a_login_step_is_an_event",
            ],
        },
    ),
    (
        "read_ended_rows.sql",
        Plan { role: AUDITOR, arguments: PLACE, wanted: &["Index Scan using a_session_ends_once"] },
    ),
    (
        "read_live_rows.sql",
        Plan { role: AUDITOR, arguments: PLACE, wanted: &["Index Scan using a_session_is_live_once"] },
    ),
    ("read_log.sql", Plan { role: AUDITOR, arguments: PLACE, wanted: &["Index Scan using event_"] }),
    ("read_login_steps.sql", Plan { role: AUDITOR, arguments: PLACE, wanted: &["a_login_step_is_an_event"] }),
    ("rows_without_event.sql", Exempt(WHOLE)),
    ("stage_ended_rows.sql", Exempt(NO_PLAN)),
    ("stage_live_rows.sql", Exempt(NO_PLAN)),
    ("stage_login_steps.sql", Exempt(NO_PLAN)),
    ("unstage.sql", Exempt(STAGED)),
];

/// The place that a reading has come to, and where it is to end.
const PLACE: &str = "ID, 1, 'ffffffff-ffff-ffff-ffff-ffffffffffff'";
