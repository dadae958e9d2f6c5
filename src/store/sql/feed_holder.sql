-- Reads who holds a subscription's lease, and until when.
-- No row: nobody holds it, or there is no such subscription.
-- Parameters: $1 name (text)
select lease_holder, lease_until
  from session_ledger.subscription
 where name = $1
   and lease_holder is not null
   and lease_until is not null
