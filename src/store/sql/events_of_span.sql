-- Lists a page of the events of all sessions that were recorded in a span of time and fulfil some
-- conditions, in the order of that time. A condition that is null is none. It is planned for its values each
-- time, as `logins_from_network.sql` is. The index on the time is BRIN, which finds the part of the log that
-- holds the span. So whoever asks takes short spans. `offset 0`: each end is looked up, not compared with
-- all that have this reason.
-- No row: no event fulfils them behind that place.
-- Parameters: $1 session id (uuid) and $2 version (bigint) of the place that all of the page come after,
--             with the time $11; $3 most events (bigint); $4 kinds (text[]), $5 actor (text), $6 first
--             address and $7 last address (inet), $8 occurred at or after and $9 occurred before
--             (timestamptz), $10 reason of the end (text), $11 recorded at or after and $12 recorded before
--             (timestamptz)
select session_id, version, event_id, kind, shape, user_id, actor, client_ip, user_agent, occurred_at, payload, hash,
       client_proof, recorded_at, transaction_id, position
  from session_ledger.event
 where recorded_at >= $11
   and recorded_at < $12
   and (recorded_at, session_id, version) > ($11, $1, $2)
   and ($4::text[] is null or kind = any ($4))
   and ($5::text is null or actor = $5)
   and ($6::inet is null or client_ip between $6 and $7)
   and occurred_at >= $8
   and occurred_at < $9
   and ($10::text is null or (kind = 'ended' and exists (
       select from session_ledger.ended_session as e
        where e.session_id = event.session_id and e.version = event.version and e.reason = $10 offset 0
   )))
 order by recorded_at, session_id, version
 limit $3
