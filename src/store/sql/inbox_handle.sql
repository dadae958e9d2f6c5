-- Remembers that an event was handled: what its session has reached, and in a filtered stream the event.
-- No row: the session has reached another version than was read, or somebody has inserted it meanwhile. Then
-- nothing is written.
-- Parameters: $1 inbox (text), $2 log (text), $3 session id (uuid),
--             the session from now on: $4 version (bigint), $5 event id (uuid), $6 link (text),
--             $7 latest time of recording (timestamptz), $8 whether it may be forgotten (boolean);
--             $9 the version that was read, 0 for no row (bigint), $10 whether the stream is filtered
--             (boolean); the event: $11 version (bigint), $12 event id (uuid), $13 time of recording
--             (timestamptz)
with reached as (
    insert into session_ledger_inbox.session as s
           (inbox, log, session_id, version, event_id, link, recorded_at, may_go)
    values ($1, $2, $3, $4, $5, $6, $7, $8)
        on conflict (inbox, session_id, log) do update
       set version = excluded.version,
           event_id = excluded.event_id,
           link = excluded.link,
           recorded_at = excluded.recorded_at,
           may_go = excluded.may_go
     where s.version = $9
    returning 1
), handled as (
    insert into session_ledger_inbox.event (inbox, log, session_id, version, event_id, recorded_at)
    select $1, $2, $3, $11, $12, $13
      from reached
     where $10
    returning 1
)
select 1 from reached
