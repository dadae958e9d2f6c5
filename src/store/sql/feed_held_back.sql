-- Finds what is not to be delivered of some sessions: all from a version on, where a session is parked, and
-- single events that were given up.
-- No row: all of these sessions' events are to be delivered.
-- Parameters: $1 name (text), $2 session ids (uuid[])
select session_id, from_version as version, true as is_parked
  from session_ledger.parked_session
 where subscription = $1
   and session_id = any ($2)
 union all
select session_id, version, false
  from session_ledger.dead_letter
 where subscription = $1
   and session_id = any ($2)
   and skipped_at is not null
