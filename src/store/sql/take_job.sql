-- Takes the lease of a job, or renews it: the fence grows when it changes hands.
-- No row: another holder's lease has not run out.
-- Parameters: $1 job (text), $2 holder (text), $3 lease in seconds (double precision)
insert into session_ledger.job_lease as j (job, holder, lease_until)
values ($1, $2, session_ledger.clock() + make_interval(secs => $3))
    on conflict (job) do update
   set fence = j.fence + case when j.holder = excluded.holder then 0 else 1 end,
       holder = excluded.holder,
       lease_until = excluded.lease_until
 where j.holder is null
    or j.holder = excluded.holder
    or j.lease_until is null
    or j.lease_until <= session_ledger.clock()
returning j.fence
