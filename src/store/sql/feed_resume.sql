-- Remembers that events of a parked session were delivered, and renews the lease. The session is parked no
-- more if all of its events before the cursor were; its dead letters among them are none any more.
-- No row: the lease is lost, and nothing is changed.
-- Parameters: $1 name (text), $2 holder (text), $3 fence (bigint), $4 lease in seconds (double precision),
--             $5 session id (uuid), $6 the version from which on events are left (bigint), $7 whether none is
--             left before the cursor (boolean)
with held as (
    update session_ledger.subscription
       set lease_until = session_ledger.clock() + make_interval(secs => $4)
     where name = $1
       and lease_holder = $2
       and fence = $3
    returning name
),
done as (
    delete from session_ledger.parked_session as parked
     using held
     where parked.subscription = held.name
       and parked.session_id = $5
       and $7
),
begun as (
    update session_ledger.parked_session as parked
       set from_version = $6
      from held
     where parked.subscription = held.name
       and parked.session_id = $5
       and not $7
),
delivered as (
    delete from session_ledger.dead_letter as dead
     using held
     where dead.subscription = held.name
       and dead.session_id = $5
       and dead.version < $6
       and dead.skipped_at is null
)
select name from held
