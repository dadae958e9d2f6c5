-- Lists a page of the events of a session, or of all sessions of a user, that fulfil some conditions:
-- session after session, each in order. A condition that is null is none. It is planned for its values each
-- time, as `logins_page.sql` is. The sessions are gone through in order, so that the search ends when the
-- page is full.
-- No row: no event fulfils them behind that place.
-- Parameters: $1 user (text) or null, $2 session id (uuid) or null, $3 kinds (text[]), $4 actor (text),
--             $5 first address and $6 last address (inet), $7 occurred at or after and $8 occurred before
--             (timestamptz); the place that all of the page come after: $9 session id (uuid), $10 version
--             (bigint); $11 most events (bigint)
with theirs as (
    select session_id from session_ledger.session where user_id = $1 and session_id >= $9
     union
    select session_id from session_ledger.ended_session where user_id = $1 and session_id >= $9
     union
    select $2::uuid where $2 is not null
     order by session_id
)
select event.*
  from theirs
 cross join lateral (
    select session_id, version, event_id, kind, shape, user_id, actor, client_ip, user_agent, occurred_at, payload, hash,
           recorded_at, transaction_id, position
      from session_ledger.event
     where event.session_id = theirs.session_id
       and (event.session_id, event.version) > ($9, $10)
       and ($3::text[] is null or kind = any ($3))
       and ($4::text is null or actor = $4)
       and ($5::inet is null or client_ip between $5 and $6)
       and occurred_at >= $7
       and occurred_at < $8
  ) as event
 order by event.session_id, event.version
 limit $11
