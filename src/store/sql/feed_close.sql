-- Closes a subscription, as its other side wants no more events for good, and gives the lease back. Nobody
-- takes it until it is opened again.
-- No row: the lease is lost, and nothing is changed.
-- Parameters: $1 name (text), $2 holder (text), $3 fence (bigint), $4 why (text)
update session_ledger.subscription
   set closed_at = session_ledger.clock(),
       closed_reason = $4,
       lease_holder = null,
       lease_until = null
 where name = $1
   and lease_holder = $2
   and fence = $3
returning name
