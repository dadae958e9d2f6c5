-- Reads a subscription's cursor, how many events lie before it, and the present snapshot: the next batch lies
-- between the two.
-- No row: the lease is lost.
-- Parameters: $1 name (text), $2 holder (text), $3 fence (bigint)
select cursor, delivered, pg_current_snapshot() as now
  from session_ledger.subscription
 where name = $1
   and lease_holder = $2
   and fence = $3
