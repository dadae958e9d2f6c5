-- Gives the lease of a job back, so that another process need not wait until it runs out.
-- No row: the lease was lost before.
-- Parameters: $1 job (text), $2 holder (text), $3 fence (bigint)
update session_ledger.job_lease
   set holder = null, lease_until = null
 where job = $1
   and holder = $2
   and fence = $3
returning job
