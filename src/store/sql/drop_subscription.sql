-- Removes a subscription that nobody holds, with its place in the log.
-- No row: there is none of that name, or its holder's lease has not run out.
-- Parameters: $1 name (text)
delete from session_ledger.subscription
 where name = $1
   and (lease_holder is null
        or lease_until is null
        or lease_until <= session_ledger.clock())
returning name
