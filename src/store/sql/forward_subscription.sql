-- Moves a subscription's cursor to the end of the log, gives the lease back, and tells how many events it has
-- passed: they are never delivered. The lease may be renewed meanwhile; whether it still holds is asked of
-- the row as it is in the end.
-- No row: the lease is lost, and the cursor stays.
-- Parameters: $1 name (text), $2 holder (text), $3 fence (bigint)
with old as (
    select name, cursor, epoch
      from session_ledger.subscription
     where name = $1
       and lease_holder = $2
       and fence = $3
),
passed as (
    select count(*) as events
      from old, session_ledger.event as e
     where e.epoch > old.epoch
        or (e.epoch = old.epoch
            and e.transaction_id >= pg_snapshot_xmin(old.cursor)
            and not pg_visible_in_snapshot(e.transaction_id, old.cursor))
)
update session_ledger.subscription as s
   set cursor = pg_current_snapshot(),
       epoch = session_ledger.epoch(),
       delivered = s.delivered + passed.events,
       moved_at = session_ledger.clock(),
       lease_holder = null,
       lease_until = null
  from old, passed
 where s.name = old.name
   and s.lease_holder = $2
   and s.fence = $3
returning passed.events
