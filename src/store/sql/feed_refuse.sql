-- Moves a subscription's cursor as `feed_checkpoint.sql` does, and keeps the events that its sink has refused
-- as dead letters: their sessions are parked from them on. The earlier dead letters of these sessions were
-- delivered by now.
-- No row: the lease is lost, and nothing is changed.
-- Parameters: $1 name (text), $2 holder (text), $3 fence (bigint), $4 lease in seconds (double precision),
--             $5 the new cursor (pg_snapshot), or null to leave it,
--             $6 how many events lie before the new cursor (bigint), $7 its epoch (smallint),
--             the refused events, each of another session: $8 ids (uuid[]), $9 sessions (uuid[]),
--             $10 versions (bigint[]), $11 reasons (text[])
with moved as (
    update session_ledger.subscription
       set cursor = coalesce($5::pg_snapshot, cursor),
           epoch = case when $5 is null then epoch else $7 end,
           delivered = case when $5 is null then delivered else $6 end,
           moved_at = case when $5 is null then moved_at else session_ledger.clock() end,
           lease_until = session_ledger.clock() + make_interval(secs => $4)
     where name = $1
       and lease_holder = $2
       and fence = $3
    returning name
),
refused as (
    select moved.name as subscription, one.event_id, one.session_id, one.version, one.reason
      from moved,
           unnest($8::uuid[], $9::uuid[], $10::bigint[], $11::text[]) as one (event_id, session_id, version, reason)
),
delivered as (
    delete from session_ledger.dead_letter as dead
     using refused
     where dead.subscription = refused.subscription
       and dead.session_id = refused.session_id
       and dead.version < refused.version
       and dead.skipped_at is null
),
dead as (
    insert into session_ledger.dead_letter (subscription, event_id, session_id, version, reason)
    select subscription, event_id, session_id, version, reason from refused
        on conflict (subscription, event_id) do update
       set refused_at = clock_timestamp(),
           reason = excluded.reason,
           skipped_at = null
),
parked as (
    insert into session_ledger.parked_session (subscription, session_id, from_version)
    select subscription, session_id, version from refused
        on conflict (subscription, session_id) do update
       set from_version = excluded.from_version,
           is_due = false
)
select name from moved
