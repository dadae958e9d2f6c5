-- Reads the events of one session in order, from a version on.
-- No row: the log holds no such session, or no event after that version.
-- Parameters: $1 session id (uuid), $2 the version after which to begin (bigint)
select session_id, version, event_id, kind, shape, user_id, actor, client_ip, user_agent, occurred_at, payload, hash,
       recorded_at, transaction_id, position
  from session_ledger.event
 where session_id = $1
   and version > $2
 order by version
