-- As `copy_login_steps.sql`, for a rebuild that puts its rows beside the live ones first.
-- No row: this takes rows and returns none.
copy session_ledger.rebuilt_login_step (
    session_id, version, occurred_at, kind, user_id, actor, methods, assurance, client_ip, user_agent
) from stdin (format binary)
