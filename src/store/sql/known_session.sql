-- Asks whether there is, or was, a session: one of this user, if a user is named.
-- No row: there is none, or it is another user's.
-- Parameters: $1 session id (uuid), $2 user (text) or null
select from session_ledger.session where session_id = $1 and ($2::text is null or user_id = $2)
union all
select from session_ledger.ended_session where session_id = $1 and ($2::text is null or user_id = $2)
