-- Tells why a session that is no longer live ended.
-- No row: no session of that id has ended; it may have been started on a database that was since restored.
-- Parameters: $1 session id (uuid)
select reason, ended_at
  from session_ledger.ended_session
 where session_id = $1
