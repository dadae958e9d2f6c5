-- Puts an event aside that a subscription's handler refuses, with the reason. Its session's later events wait
-- behind it.
-- No row: the session was parked before.
-- Parameters: $1 subscription (text), $2 event id (uuid), $3 session id (uuid), $4 version (bigint),
--             $5 reason (text)
with refused as (
    insert into session_ledger.dead_letter (subscription, event_id, session_id, version, reason)
    values ($1, $2, $3, $4, $5)
        on conflict (subscription, event_id) do nothing
)
insert into session_ledger.parked_session (subscription, session_id, from_version)
values ($1, $3, $4)
    on conflict (subscription, session_id) do nothing
returning session_id
