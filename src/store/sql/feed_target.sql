-- Finds how far the next batch goes: the stored cursor, and the snapshot to which delivering the batch moves it.
-- The target holds whole transactions, in the order of their ids, up to the one that wrote the batch's last event. A
-- later transaction counts as running in it, whether it has finished or not; so it comes with a later batch.
-- No row: the lease is lost.
-- Parameters: $1 name (text), $2 holder (text), $3 fence (bigint), $4 the number of events wanted, at least 1 (bigint)
with s as materialized (
    select cursor, pg_current_snapshot() as now
      from session_ledger.subscription
     where name = $1
       and lease_holder = $2
       and fence = $3
),
-- By transactions that ran at the cursor and have finished since.
late as (
    select e.transaction_id
      from session_ledger.event as e
     where e.transaction_id = any (array(select pg_snapshot_xip(cursor) from s))
),
-- Scalar subqueries and no join: so the index gives the rows in order, and the limit ends the scan.
fresh as (
    select e.transaction_id
      from session_ledger.event as e
     where e.transaction_id >= (select pg_snapshot_xmax(cursor) from s)
     order by e.transaction_id
     limit $4
),
found as materialized (
    select transaction_id from late
     union all
    select transaction_id from fresh
),
-- No row where less was found than wanted: then the batch goes up to now.
last as materialized (
    select f.transaction_id
      from found as f
     order by f.transaction_id
    offset $4 - 1
     limit 1
),
-- The first three of every 2^32 ids are never given, and a snapshot may not name the very first.
bound as materialized (
    select greatest(
               pg_snapshot_xmax(s.cursor)::text::bigint,
               id + case when (id + 1) % 4294967296 = 0 then 4 else 1 end
           ) as xmax
      from s, last, cast(last.transaction_id::text as bigint) as id
),
running as (
    select r.id::text::bigint as id
      from s, bound, pg_snapshot_xip(s.now) as r (id)
     where r.id::text::bigint < bound.xmax
     union
    select r.id::text::bigint
      from s, last, pg_snapshot_xip(s.cursor) as r (id)
     where r.id > last.transaction_id
)
select s.cursor::text as cursor,
       coalesce(
           (select coalesce((select min(id) from running), bound.xmax)
                   || ':' || bound.xmax
                   || ':' || coalesce((select string_agg(id::text, ',' order by id) from running), '')
              from bound),
           s.now::text
       ) as target,
       exists (select from found) as found
  from s
