-- Moves a subscription's cursor and renews its lease.
-- No row: the lease is lost, and the cursor stays.
-- Parameters: $1 name (text), $2 holder (text), $3 fence (bigint), $4 lease in seconds (double precision),
--             $5 the new cursor (pg_snapshot), or null to renew the lease only,
--             $6 how many events lie before the new cursor (bigint), $7 its epoch (smallint)
update session_ledger.subscription
   set cursor = coalesce($5::pg_snapshot, cursor),
       epoch = case when $5 is null then epoch else $7 end,
       delivered = case when $5 is null then delivered else $6 end,
       moved_at = case when $5 is null then moved_at else session_ledger.clock() end,
       lease_until = session_ledger.clock() + make_interval(secs => $4)
 where name = $1
   and lease_holder = $2
   and fence = $3
returning name
