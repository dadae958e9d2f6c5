-- Makes a subscription at the beginning of the log, or opens the one that is there, and takes its lease. Each
-- opening makes the fence grow, even for a holder that comes back, so that a forgotten twin of it is shut
-- out. A new one begins with the time: a holder of a dropped subscription of that name is shut out too.
-- No row: another holder's lease has not run out, or the subscription is closed.
-- Parameters: $1 name (text), $2 holder (text), $3 lease in seconds (double precision)
insert into session_ledger.subscription as s (name, cursor, fence, lease_holder, lease_until)
values ($1, '3:3:', (extract(epoch from session_ledger.clock()) * 1000)::bigint, $2, session_ledger.clock() + make_interval(secs => $3))
    on conflict (name) do update
   set fence = s.fence + 1,
       lease_holder = excluded.lease_holder,
       lease_until = excluded.lease_until
 where s.closed_at is null
   and (s.lease_holder is null
        or s.lease_holder = excluded.lease_holder
        or s.lease_until is null
        or s.lease_until <= session_ledger.clock())
returning s.fence
