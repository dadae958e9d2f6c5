//! The expectations of each statement but the questions.

use super::check::Check::{self, Exempt, Plan};
use super::check::{AUDITOR, FENCED, INBOX, NO_PLAN, ONE, RELAY, RUNTIME, WHOLE};

/// All statements but the [questions](super::questions), by the names of their files.
pub(crate) const STATEMENTS: &[(&str, Check)] = &[
    ("activity_ahead.sql", Exempt(WHOLE)),
    (
        "admit_login.sql",
        Plan {
            role: RUNTIME,
            arguments: "'user 4'",
            wanted: &["LockRows", "Index Scan using a_gate_stands_once on login_gate"],
        },
    ),
    (
        "append.sql",
        Plan {
            role: RUNTIME,
            arguments: "ID, 4, 5, now(), null, null, null, null, null, null, null, null, null, null, null, null, null, null, \
                        null, null, null, null, null, null, null, null, null, null, null, null, null",
            wanted: &[
                "Update on session",
                "Index Scan using a_session_is_live_once on session",
                "Insert on event",
            ],
        },
    ),
    (
        "append_event.sql",
        Plan {
            role: RUNTIME,
            arguments: "ID, 5, null, null, null, null, null, null, null, null, null, null, null",
            wanted: &["Insert on event"],
        },
    ),
    (
        "append_group.sql",
        Plan {
            role: RUNTIME,
            arguments: "array[ID]::uuid[], '{4}', '{5}', array[now()], null, null, null, null, null, null, null, null, null, \
                        null, null, null, null, null, array[ID]::uuid[], '{5}', null, null, null, null, null, null, null, \
                        null, null, null, null, '{1}', null",
            wanted: &[
                "Update on session",
                "Index Scan using a_session_is_live_once on session",
                "Insert on event",
            ],
        },
    ),
    (
        "append_login_step.sql",
        Plan {
            role: RUNTIME,
            arguments: "ID, 5, now(), 'logged_in', null, null, '{}', null, null, null",
            wanted: &["Insert on login_step"],
        },
    ),
    ("applied_migrations.sql", Exempt("reads the dozen rows of `migration`, at start alone")),
    ("attach_partition.sql", Exempt(NO_PLAN)),
    ("begin.sql", Exempt(NO_PLAN)),
    ("begin_with_id.sql", Exempt(NO_PLAN)),
    ("begun.sql", Plan { role: RUNTIME, arguments: "", wanted: &["Result"] }),
    ("begun_marked.sql", Plan { role: RUNTIME, arguments: "", wanted: &["Result"] }),
    ("check_otherwise.sql", Exempt(NO_PLAN)),
    ("clock.sql", Plan { role: RUNTIME, arguments: "", wanted: &["Result"] }),
    (
        "close_gate.sql",
        Plan {
            role: RUNTIME,
            arguments: "'user 4'",
            wanted: &["Update on login_gate", "Index Scan using a_gate_stands_once on login_gate"],
        },
    ),
    ("count_estimate.sql", Exempt("reads the catalog, outside any request")),
    ("counters.sql", Exempt("reads counters and the catalog, outside any request")),
    (
        "create.sql",
        Plan {
            role: RUNTIME,
            arguments: "ID, 0, 1, now(), null, null, null, null, null, null, null, null, null, null, null, null, null, null, \
                        null, null, null, null, null, null, null, null, null, null, null",
            wanted: &["Insert on session", "Insert on event"],
        },
    ),
    ("cursors.sql", Exempt(WHOLE)),
    (
        "disable_account.sql",
        Plan {
            role: RUNTIME,
            arguments: "'user 4', 'admin'",
            wanted: &["Update on login_gate", "Index Scan using a_gate_stands_once on login_gate"],
        },
    ),
    (
        "disabled_accounts_page.sql",
        Plan {
            role: RUNTIME,
            arguments: "'', 100",
            wanted: &["Index Scan using an_account_is_disabled_once on disabled_account"],
        },
    ),
    ("drop_subscription.sql", Exempt(ONE)),
    (
        "enable_account.sql",
        Plan {
            role: RUNTIME,
            arguments: "'user 4'",
            wanted: &["Delete on disabled_account", "an_account_is_disabled_once"],
        },
    ),
    (
        "end.sql",
        Plan {
            role: RUNTIME,
            arguments: "ID, 4, 5, now(), now(), now(), null, null, null, null, null, null, null, null, null, null, null, null, \
                        null, null, null, null, null, null, null, null",
            wanted: &[
                "Delete on session",
                "Index Scan using a_session_is_live_once on session",
                "Insert on ended_session",
                "Insert on event",
            ],
        },
    ),
    (
        "end_group.sql",
        Plan {
            role: RUNTIME,
            arguments: "array[ID]::uuid[], '{4}', '{5}', array[now()], array[now()], array[now()], null, null, null, null, \
                        null, null, null, null, null, null, null, null, null, null, null, null, null, null",
            wanted: &[
                "LockRows",
                "Delete on session",
                "Index Scan using a_session_is_live_once on session",
                "Insert on ended_session",
                "Insert on event",
            ],
        },
    ),
    (
        "event_at_version.sql",
        Plan { role: RUNTIME, arguments: "ID, 4", wanted: &["Index Scan using event_", "_pkey on event_"] },
    ),
    (
        "feed_check.sql",
        Plan { role: RELAY, arguments: "'relay'", wanted: &["Index Only Scan Backward using event_"] },
    ),
    ("feed_checkpoint.sql", Exempt(ONE)),
    ("feed_cursor.sql", Exempt(ONE)),
    (
        "feed_events.sql",
        Plan {
            role: RELAY,
            arguments: "'90000:90000:', '91000:91000:', 1000, 1",
            wanted: &["Merge Append", "_epoch_transaction_id_idx on event_"],
        },
    ),
    ("feed_holder.sql", Exempt(ONE)),
    ("feed_open.sql", Exempt(ONE)),
    ("feed_release.sql", Exempt(ONE)),
    ("fence.sql", Plan { role: RUNTIME, arguments: "ID, 4", wanted: FENCED }),
    ("fence_known.sql", Plan { role: RUNTIME, arguments: "ID, 4, 1::smallint, null", wanted: FENCED }),
    ("guard_functions.sql", Exempt("reads the catalog, outside any request")),
    (
        "hash_at_version.sql",
        Plan { role: RUNTIME, arguments: "ID, 4", wanted: &["Index Scan using event_", "_pkey on event_"] },
    ),
    (
        "hashes_of_events.sql",
        Plan {
            role: RELAY,
            arguments: "array[ID]::uuid[], '{4}'",
            wanted: &["Nested Loop", "Index Scan using event_", "_pkey on event_"],
        },
    ),
    (
        "history.sql",
        Plan { role: RUNTIME, arguments: "ID", wanted: &["Index Scan using event_", "_pkey on event_"] },
    ),
    (
        "history_page.sql",
        Plan {
            role: RUNTIME,
            arguments: "ID, 2, 100, true",
            wanted: &[
                "Index Scan using event_",
                "Index Scan Backward using event_",
                "_pkey on event_",
                "One-Time Filter: $4",
            ],
        },
    ),
    (
        "hold.sql",
        Plan {
            role: RUNTIME,
            arguments: "ID",
            wanted: &["LockRows", "Index Scan using a_session_is_live_once on session"],
        },
    ),
    (
        "impersonations_page.sql",
        Plan {
            role: AUDITOR,
            arguments: "'user 4', 'ffffffff-ffff-ffff-ffff-ffffffffffff', 100",
            wanted: &[
                "event_otherwise_user_id_session_id_idx",
                "Index Scan using a_session_is_live_once on session",
            ],
        },
    ),
    (
        "known_session.sql",
        Plan {
            role: RUNTIME,
            arguments: "ID, 'user 4'",
            wanted: &[
                "Index Scan using a_session_is_live_once on session",
                "Index Scan using a_session_ends_once on ended_session",
            ],
        },
    ),
    (
        "list_subscriptions.sql",
        Exempt("reads the few rows of `subscription`, and a bounded part of the log for each"),
    ),
    (
        "live_sessions_of_user.sql",
        Plan {
            role: RUNTIME,
            arguments: "'user 4', 1000",
            wanted: &["session_by_user", "Index Scan using a_session_was_last_seen_once"],
        },
    ),
    (
        "load.sql",
        Plan {
            role: RUNTIME,
            arguments: "ID, true",
            wanted: &[
                "Index Scan using a_session_is_live_once on session",
                "Index Scan using a_session_was_last_seen_once on activity",
            ],
        },
    ),
    (
        "load_group.sql",
        Plan {
            role: RUNTIME,
            arguments: "array[ID]::uuid[]",
            wanted: &[
                "Index Scan using a_session_is_live_once on session",
                "Index Scan using a_session_was_last_seen_once on activity",
            ],
        },
    ),
    (
        "load_marked.sql",
        Plan {
            role: RUNTIME,
            arguments: "ID, '\\x00'",
            wanted: &[
                "Index Scan using a_session_is_live_once on session",
                "Index Scan using a_session_was_last_seen_once on activity",
            ],
        },
    ),
    ("inbox_forget.sql", Exempt(INBOX)),
    ("inbox_handle.sql", Exempt(INBOX)),
    ("inbox_handled.sql", Exempt(INBOX)),
    ("inbox_reached.sql", Exempt(INBOX)),
    ("lock_holders.sql", Exempt("reads the server's list of locks, outside any request")),
    ("lock_session.sql", Plan { role: RUNTIME, arguments: "ID", wanted: FENCED }),
    ("make_partition.sql", Exempt(NO_PLAN)),
    ("mark.sql", Plan { role: RUNTIME, arguments: "'', '', ''", wanted: &["Result"] }),
    ("missing_guards.sql", Exempt("reads the catalog, outside any request")),
    ("months_elsewhere.sql", Exempt("reads the catalogue, outside any request")),
    ("other_backends.sql", Exempt("reads the server's list of connections, outside any request")),
    ("place_guard.sql", Exempt(NO_PLAN)),
    ("prepare_migration.sql", Exempt(NO_PLAN)),
    ("raise_epoch.sql", Exempt(NO_PLAN)),
    ("readiness.sql", Exempt("reads the catalogue, at start alone")),
    ("record_failed_logins.sql", Exempt("inserts and reads nothing, outside any request")),
    ("record_seals.sql", Exempt("writes the one row of a key, rarely and outside any request")),
    (
        "recorded_events.sql",
        Plan {
            role: RUNTIME,
            arguments: "array[ID]::uuid[], '{4}', array[gen_random_uuid()]",
            wanted: &["Index Scan using event_", "_pkey on event_"],
        },
    ),
    ("release_migration.sql", Exempt(NO_PLAN)),
    ("rights.sql", Exempt("reads the catalogue, outside any request")),
    (
        "session_of_user.sql",
        Plan {
            role: RUNTIME,
            arguments: "'user 4', ID",
            wanted: &[
                "Index Scan using session_by_user on session",
                "Index Scan using ended_session_by_user",
            ],
        },
    ),
    (
        "sessions_of_user.sql",
        Plan {
            role: RUNTIME,
            arguments: "'user 4'",
            wanted: &[
                "session_by_user",
                "ended_session_by_user",
                "Index Scan using a_session_was_last_seen_once",
            ],
        },
    ),
    (
        "sessions_page.sql",
        Plan {
            role: RUNTIME,
            arguments: "'user 4', 'ffffffff-ffff-ffff-ffff-ffffffffffff', 100",
            wanted: &[
                "session_by_user",
                "ended_session_by_user",
                "Index Scan using a_session_was_last_seen_once",
            ],
        },
    ),
    ("settle_schema.sql", Exempt(WHOLE)),
    ("take_subscription.sql", Exempt(ONE)),
    ("takes_writes.sql", Exempt(NO_PLAN)),
    ("terminate.sql", Exempt("ends its own connection and reads no table")),
    (
        "touch.sql",
        Plan {
            role: RUNTIME,
            arguments: "array[ID]::uuid[], array[clock_timestamp()]",
            wanted: &["Insert on activity", "a_session_is_live_once on session"],
        },
    ),
    ("transaction_status.sql", Plan { role: RUNTIME, arguments: "'3'", wanted: &["Result"] }),
    (
        "watch.sql",
        Plan {
            role: RUNTIME,
            arguments: "array[ID]::uuid[]",
            wanted: &[
                "Index Scan using a_session_is_live_once on session",
                "Index Scan using a_session_was_last_seen_once on activity",
                "Index Scan using a_session_ends_once on ended_session",
            ],
        },
    ),
    (
        "why_ended.sql",
        Plan {
            role: RUNTIME,
            arguments: "ID",
            wanted: &["Index Scan using a_session_ends_once on ended_session", "_pkey on event_"],
        },
    ),
    ("written_by.sql", Exempt("reads the catalog, outside any request")),
];
