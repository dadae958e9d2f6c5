-- Reads which event has a version of a session.
-- No row: no event has it.
-- Parameters: $1 session id (uuid), $2 version (bigint)
select event_id
  from session_ledger.event
 where session_id = $1
   and version = $2
