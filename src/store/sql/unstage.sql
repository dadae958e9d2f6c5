-- Takes the rebuilt rows of sessions away: they are in their places, or will be made anew.
-- No row: this returns none.
-- Parameters: $1 session ids (uuid[])
with live as (
    delete from session_ledger.rebuilt_session where session_id = any ($1::uuid[])
),
steps as (
    delete from session_ledger.rebuilt_login_step where session_id = any ($1::uuid[])
)
delete from session_ledger.rebuilt_ended_session where session_id = any ($1::uuid[])
