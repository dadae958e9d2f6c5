-- As `copy_ended_rows.sql`, for a rebuild that puts its rows beside the live ones first.
-- No row: this takes rows and returns none.
copy session_ledger.rebuilt_ended_session (
    session_id, version, started_at, ended_at, last_seen, authenticated_at, reason, user_id, client_ip,
    user_agent, head_hash, ended_by
) from stdin (format binary)
