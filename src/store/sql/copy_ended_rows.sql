-- Takes rows of ended sessions.
-- No row: this takes rows and returns none.
copy session_ledger.ended_session (
    session_id, version, started_at, ended_at, last_seen, authenticated_at, reason, user_id, client_ip,
    user_agent, head_hash, ended_by
) from stdin (format binary)
