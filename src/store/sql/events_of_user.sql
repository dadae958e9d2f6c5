-- Lists a page of the events of a user's sessions that fulfil some conditions: session after session, each in
-- order. A condition that is null is none. It is run by `reading.rs`, with a plan that is kept.
-- The sessions are gone through in the order of two indexes (so each of the two has its own `order by`, and
-- `offset 0`), and the search ends when the page is full. One statement reads both tables, so a session that
-- ends meanwhile is found in one of them. Each session brings the reason of its end along: to ask for it in
-- each partition of the log would take as long as all the rest.
-- No row: no event fulfils them behind that place.
-- Parameters: $1 user (text); the place that all of the page come after: $2 session id (uuid), $3 version
--             (bigint); $4 most events (bigint); $5 kinds (text[]), $6 actor (text), $7 first address and $8
--             last address (inet), $9 occurred at or after and $10 occurred before (timestamptz), $11 reason
--             of the end (text), $12 recorded at or after and $13 recorded before (timestamptz)
select event.*
  from (
      select session_id, end_version, reason
        from (
            (
                select session_id, null::bigint as end_version, null::text as reason
                  from session_ledger.session
                 where user_id = $1 and session_id >= $2 order by session_id offset 0
            )
             union all
            (
                select session_id, version, reason
                  from session_ledger.ended_session
                 where user_id = $1 and session_id >= $2 order by session_id offset 0
            )
        ) as either
       order by session_id
  ) as theirs
 cross join lateral (
    select session_id, version, event_id, kind, shape, user_id, actor, client_ip, user_agent, occurred_at, payload, hash,
           client_proof, recorded_at, transaction_id, position
      from session_ledger.event
     where event.session_id = theirs.session_id
       and event.version > case when theirs.session_id = $2 then $3 else 0 end
       and ($5::text[] is null or kind = any ($5))
       and ($6::text is null or actor = $6)
       and ($7::inet is null or client_ip between $7 and $8)
       and occurred_at >= $9
       and occurred_at < $10
       and ($11::text is null or (kind = 'ended' and event.version = theirs.end_version and theirs.reason = $11))
       and recorded_at >= $12
       and recorded_at < $13
     order by version
     limit $4
  ) as event
 order by theirs.session_id, event.version
 limit $4
