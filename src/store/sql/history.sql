-- Reads the events of one session in order.
-- No row: the log holds no such session.
-- Parameters: $1 session id (uuid)
select session_id, version, event_id, kind, shape, user_id, actor, client_ip, user_agent, occurred_at, payload, hash,
       client_proof, recorded_at, transaction_id, position
  from session_ledger.event
 where session_id = $1
 order by version
