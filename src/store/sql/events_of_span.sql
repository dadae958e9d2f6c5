-- Lists a page of the events of all sessions that were recorded in a span of time and fulfil some conditions,
-- in the order of that time. A condition that is null is none. It is planned for its values each time, as
-- `logins_page.sql` is. The index on the time is BRIN, which finds the part of the log that holds the span.
-- So whoever asks takes short spans.
-- `offset 0`: each end is looked up, not compared with all that have this reason.
-- No row: no event fulfils them behind that place.
-- Parameters: $1 kinds (text[]), $2 actor (text), $3 first address and $4 last address (inet), $5 occurred at
--             or after and $6 occurred before (timestamptz), $7 reason of the end (text); $8 recorded at or
--             after and $9 recorded before (timestamptz); the place that all of the page come after,
--             with the time $8: $10 session id (uuid), $11 version (bigint); $12 most events (bigint)
select session_id, version, event_id, kind, shape, user_id, actor, client_ip, user_agent, occurred_at, payload, hash,
       recorded_at, transaction_id, position
  from session_ledger.event
 where recorded_at >= $8
   and recorded_at < $9
   and (recorded_at, session_id, version) > ($8, $10, $11)
   and ($1::text[] is null or kind = any ($1))
   and ($2::text is null or actor = $2)
   and ($3::inet is null or client_ip between $3 and $4)
   and occurred_at >= $5
   and occurred_at < $6
   and ($7::text is null or (kind = 'ended' and exists (
       select from session_ledger.ended_session as e
        where e.session_id = event.session_id and e.version = event.version and e.reason = $7 offset 0
   )))
 order by recorded_at, session_id, version
 limit $12
