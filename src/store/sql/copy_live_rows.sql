-- Takes rows of live sessions. `resend` is not derived from the log, and stays null.
-- No row: this takes rows and returns none.
copy session_ledger.session (
    session_id, version, started_at, changed_at, authenticated_at, absolute_deadline, superseded_until,
    idle_timeout, superseded_accepted, token_hash, superseded_hash, head_hash, user_id, client_ip,
    user_agent, state
) from stdin (format binary)
