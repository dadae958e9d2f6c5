-- The read of an ordinary store: a blob, if it has not expired.
-- No row: there is no such session.
-- Parameters: $1 session id (uuid)
select data from plain_session where session_id = $1 and expires_at > now()
