-- Takes steps of logins.
-- No row: this takes rows and returns none.
copy session_ledger.login_step (
    session_id, version, occurred_at, kind, user_id, actor, methods, assurance, client_ip, user_agent
) from stdin (format binary)
