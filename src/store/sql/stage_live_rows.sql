-- As `copy_live_rows.sql`, for a rebuild that puts its rows beside the live ones first.
-- `resend` is what the live row holds and should not.
-- No row: this takes rows and returns none.
copy session_ledger.rebuilt_session (
    session_id, version, started_at, changed_at, authenticated_at, absolute_deadline, superseded_until,
    idle_timeout, superseded_accepted, token_hash, superseded_hash, head_hash, user_id, client_ip,
    user_agent, state, resend
) from stdin (format binary)
