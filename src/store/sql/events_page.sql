-- Lists a page of the events of a session, or of all sessions of a user, that fulfil some conditions:
-- session after session, each in order. A condition that is null is none. It is planned for its values each
-- time, as `logins_page.sql` is. The sessions are gone through in order, so that the search ends when the
-- page is full.
-- `offset 0`: each end is looked up, not compared with all that have this reason.
-- No row: no event fulfils them behind that place.
-- Parameters: $1 kinds (text[]), $2 actor (text), $3 first address and $4 last address (inet), $5 occurred at
--             or after and $6 occurred before (timestamptz), $7 reason of the end (text); $8 recorded at or
--             after and $9 recorded before (timestamptz); the place that all of the page come after:
--             $10 session id (uuid), $11 version (bigint); $12 most events (bigint); $13 user (text) or null,
--             $14 session id (uuid) or null: with both, the session if it is the user's
with theirs as (
    select session_id from session_ledger.session
     where user_id = $13 and session_id >= $10 and ($14::uuid is null or session_id = $14)
     union
    select session_id from session_ledger.ended_session
     where user_id = $13 and session_id >= $10 and ($14::uuid is null or session_id = $14)
     union
    select $14::uuid where $14 is not null and $13::text is null
     order by session_id
)
select event.*
  from theirs
 cross join lateral (
    select session_id, version, event_id, kind, shape, user_id, actor, client_ip, user_agent, occurred_at, payload, hash,
           recorded_at, transaction_id, position
      from session_ledger.event
     where event.session_id = theirs.session_id
       and (event.session_id, event.version) > ($10, $11)
       and ($1::text[] is null or kind = any ($1))
       and ($2::text is null or actor = $2)
       and ($3::inet is null or client_ip between $3 and $4)
       and occurred_at >= $5
       and occurred_at < $6
       and recorded_at >= $8
       and recorded_at < $9
       and ($7::text is null or (kind = 'ended' and exists (
           select from session_ledger.ended_session as e
            where e.session_id = event.session_id and e.version = event.version and e.reason = $7 offset 0
       )))
  ) as event
 order by event.session_id, event.version
 limit $12
