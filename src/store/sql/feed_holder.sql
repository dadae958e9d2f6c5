-- Reads why a subscription is not to be had: who holds its lease, and until when, or that it is closed.
-- No row: nobody holds it and it is open, or there is no such subscription.
-- Parameters: $1 name (text)
select lease_holder, lease_until, closed_at, closed_reason
  from session_ledger.subscription
 where name = $1
   and ((lease_holder is not null and lease_until is not null) or closed_at is not null)
