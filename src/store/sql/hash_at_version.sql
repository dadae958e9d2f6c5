-- Reads the hash of a session's events up to a version.
-- No row: the log has no event of that version.
-- Parameters: $1 session id (uuid), $2 version (bigint)
select hash
  from session_ledger.event
 where session_id = $1
   and version = $2
