-- Takes the lease of a subscription, whoever has it: the one who has may move the cursor no more.
-- No row: there is none of that name.
-- Parameters: $1 name (text), $2 holder (text), $3 lease in seconds (double precision)
update session_ledger.subscription
   set fence = fence + 1,
       lease_holder = $2,
       lease_until = session_ledger.clock() + make_interval(secs => $3)
 where name = $1
returning fence
