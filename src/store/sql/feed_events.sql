-- Reads the first events that are visible in one snapshot and not in an earlier one, in the order of the transactions
-- that wrote them: as many as are wanted, and the rest of the last one's transaction.
-- The later snapshot must have been taken by an earlier statement: what is visible in it has then been committed.
-- Each part has a limit of its own: so the index gives the rows in order, and the limit ends the scan. No upper bound
-- is asked of the index: PostgreSQL would take so little to be left between the two that it would rather sort it.
-- No row: nothing was appended between the two.
-- Parameters: $1 the earlier snapshot, $2 the later one (both pg_snapshot), $3 the number of events wanted (bigint)
with late as materialized (   -- by transactions that ran at the earlier snapshot and had finished by the later one
    select e.*
      from session_ledger.event as e
     where e.transaction_id = any (array(select pg_snapshot_xip($1::pg_snapshot)))
       and pg_visible_in_snapshot(e.transaction_id, $2::pg_snapshot)
     order by e.transaction_id
     fetch first $3 rows with ties
)
select session_id, version, event_id, kind, shape, user_id, actor, client_ip, user_agent, occurred_at, payload, hash,
       recorded_at, transaction_id, position
  from (
      select * from late
       union all (
      select e.*
        from session_ledger.event as e
       where e.transaction_id >= pg_snapshot_xmax($1::pg_snapshot)
         and pg_visible_in_snapshot(e.transaction_id, $2::pg_snapshot)
       order by e.transaction_id
       fetch first (greatest(0, $3 - (select count(*) from late))) rows with ties
      )
  ) as e
