-- Moves a subscription's cursor back, so that what was recorded since a moment comes again, gives the lease
-- back, and tells how many events that are. The cursor ends before the first transaction that has written
-- since. It never shows more than it did, so what a transaction that was open has written is still to come.
-- Whether the lease still holds is asked of the row as it is in the end.
-- OFFSET 0: the events since the moment are found by their time, and not on a walk through all transactions.
-- No row: the lease is lost, and the cursor stays.
-- Parameters: $1 name (text), $2 holder (text), $3 fence (bigint), $4 the moment (timestamptz), or null for
--             the beginning of the log
with old as (
    select name, cursor, epoch
      from session_ledger.subscription
     where name = $1
       and lease_holder = $2
       and fence = $3
),
first as (
    select since.epoch, since.transaction_id
      from (
          select epoch, transaction_id
            from session_ledger.event
           where $4::timestamptz is null
              or recorded_at >= $4
          offset 0
      ) as since
     order by since.epoch, since.transaction_id
     limit 1
),
again as (
    select count(*) as events
      from old, first, session_ledger.event as e
     where (e.epoch, e.transaction_id) >= (first.epoch, first.transaction_id)
       and (e.epoch < old.epoch or (e.epoch = old.epoch and pg_visible_in_snapshot(e.transaction_id, old.cursor)))
),
target as (
    select first.epoch, first.transaction_id as next, null::xid8[] as running
      from old, first
     where first.epoch < old.epoch
     union all
    select old.epoch,
           least(first.transaction_id, pg_snapshot_xmax(old.cursor)),
           array(select id from pg_snapshot_xip(old.cursor) as id where id < first.transaction_id order by id)
      from old, first
     where first.epoch = old.epoch
)
update session_ledger.subscription as s
   set cursor = coalesce(
           (select concat(
                       coalesce(running[1], next), ':', next, ':', array_to_string(running, ',')
                   )::pg_snapshot
              from target),
           s.cursor
       ),
       epoch = coalesce((select target.epoch from target), s.epoch),
       delivered = s.delivered - again.events,
       lease_holder = null,
       lease_until = null
  from old, again
 where s.name = old.name
   and s.lease_holder = $2
   and s.fence = $3
returning again.events
