-- Reads on in the events of a parked session that the subscription's cursor has passed: from the refused one
-- on.
-- No row: they were read to the end, or the session is not parked.
-- Parameters: $1 subscription (text), $2 session id (uuid), $3 the version that the reading has come to
--             (bigint), $4 most events (bigint)
select e.session_id, e.version, e.event_id, e.kind, e.shape, e.user_id, e.actor, e.client_ip, e.user_agent,
       e.occurred_at, e.payload, e.hash, e.client_proof, e.recorded_at, e.transaction_id, e.position, e.epoch
  from session_ledger.parked_session as parked
  join session_ledger.subscription as s on s.name = parked.subscription
  join session_ledger.event as e on e.session_id = parked.session_id and e.version >= parked.from_version
 where parked.subscription = $1
   and parked.session_id = $2
   and (e.epoch < s.epoch or e.epoch = s.epoch and pg_visible_in_snapshot(e.transaction_id, s.cursor))
   and e.version > $3
 order by e.version
 limit $4
