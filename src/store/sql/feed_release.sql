-- Gives a subscription's lease back, so that the next holder need not wait until it runs out.
-- No row: the lease was lost before.
-- Parameters: $1 name (text), $2 holder (text), $3 fence (bigint)
update session_ledger.subscription
   set lease_holder = null,
       lease_until = null
 where name = $1
   and lease_holder = $2
   and fence = $3
returning name
