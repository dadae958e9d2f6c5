-- Tells why a session that is no longer live ended, and how many seconds ago the end was recorded: infinitely
-- many if the log has dropped the session since.
-- No row: no session of this id has ended. It may have started on a database that was restored since.
-- Parameters: $1 session id (uuid)
select s.reason,
       coalesce(extract(epoch from session_ledger.clock() - e.recorded_at)::double precision, 'infinity') as seconds_ago
  from session_ledger.ended_session as s
  left join session_ledger.event as e on e.session_id = s.session_id and e.version = s.version
 where s.session_id = $1
