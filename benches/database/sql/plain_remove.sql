-- Logs out of an ordinary store.
-- No row: this only writes.
-- Parameters: $1 session id (uuid)
delete from plain_session where session_id = $1
