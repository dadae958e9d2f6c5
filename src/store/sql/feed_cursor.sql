-- Reads a subscription's cursor with its epoch, how many events lie before it, and the present snapshot and
-- epoch: the next batch lies between the two.
-- No row: the lease is lost.
-- Parameters: $1 name (text), $2 holder (text), $3 fence (bigint)
select cursor, epoch, delivered, pg_current_snapshot() as now, session_ledger.epoch() as present_epoch
  from session_ledger.subscription
 where name = $1
   and lease_holder = $2
   and fence = $3
