-- Reads the events of a parked session that lie before a cursor, in order.
-- No row: there is none from that version on.
-- Parameters: $1 session id (uuid), $2 the first version (bigint), $3 the cursor (pg_snapshot), $4 its epoch
--             (smallint), $5 the most events (bigint)
select session_id, version, event_id, kind, shape, user_id, actor, client_ip, user_agent, occurred_at, payload, hash,
       client_proof, recorded_at, transaction_id, position
  from session_ledger.event
 where session_id = $1
   and version >= $2
   and (epoch < $4 or (epoch = $4 and pg_visible_in_snapshot(transaction_id, $3)))
 order by version
 limit $5
