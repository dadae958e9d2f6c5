-- Lists a page of the events of a session that fulfil some conditions, in order. A condition that is null is
-- none. It is run by `reading.rs`, with a plan that is kept.
-- `offset 0`: each end is looked up, not compared with all that have this reason.
-- No row: no event fulfils them behind that place, or the session is not that user's.
-- Parameters: $1 session id (uuid), $2 whose session it must be (text) or null; the place that all of the
--             page come after: $3 version (bigint); $4 most events (bigint); $5 kinds (text[]), $6 actor
--             (text), $7 first address and $8 last address (inet), $9 occurred at or after and $10 occurred
--             before (timestamptz), $11 reason of the end (text), $12 recorded at or after and $13 recorded
--             before (timestamptz)
select session_id, version, event_id, kind, shape, user_id, actor, client_ip, user_agent, occurred_at, payload, hash,
       client_proof, recorded_at, transaction_id, position
  from session_ledger.event
 where session_id = $1
   and version > $3
   and (
       $2::text is null
       or exists (select from session_ledger.session where session.session_id = $1 and session.user_id = $2)
       or exists (
           select from session_ledger.ended_session where ended_session.session_id = $1 and ended_session.user_id = $2
       )
   )
   and ($5::text[] is null or kind = any ($5))
   and ($6::text is null or actor = $6)
   and ($7::inet is null or client_ip between $7 and $8)
   and occurred_at >= $9
   and occurred_at < $10
   and ($11::text is null or (kind = 'ended' and exists (
       select from session_ledger.ended_session as e
        where e.session_id = event.session_id and e.version = event.version and e.reason = $11 offset 0
   )))
   and recorded_at >= $12
   and recorded_at < $13
 order by version
 limit $4
