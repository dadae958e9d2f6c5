-- Reads events of a month with all that the log holds of them, in the order of sessions and versions, behind
-- an event.
-- No row: no event is behind it.
-- Parameters: $1 session (uuid) and $2 version (bigint) of the event before, $3 the id after the month's last
--             (uuid), $4 the number of events wanted (bigint)
select session_id, version, event_id, kind, shape, user_id, actor, client_ip, user_agent, occurred_at, payload, hash,
       client_proof, recorded_at, transaction_id, position, epoch
  from session_ledger.event
 where (session_id, version) > ($1, $2)
   and session_id >= $1
   and session_id < $3
 order by session_id, version
 limit $4
