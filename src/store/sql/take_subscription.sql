-- Takes the lease of a subscription that is there, as `feed_open.sql` does, and makes none.
-- No row: there is none of that name, another holder's lease has not run out, or it is closed.
-- Parameters: $1 name (text), $2 holder (text), $3 lease in seconds (double precision)
update session_ledger.subscription
   set fence = fence + 1,
       lease_holder = $2,
       lease_until = session_ledger.clock() + make_interval(secs => $3)
 where name = $1
   and closed_at is null
   and (lease_holder is null
        or lease_holder = $2
        or lease_until is null
        or lease_until <= session_ledger.clock())
returning fence
