-- Reads the first events of an epoch that are visible in one snapshot and not in an earlier one, in the order
-- of the transactions that wrote them: as many as are wanted, and the rest of the last transaction's events.
-- The later snapshot must have been taken by an earlier statement: the events visible in it have then been
-- committed. Each part has a limit of its own: the index returns its rows in order, and the limit ends the
-- scan. The index gets no upper bound: with one, PostgreSQL would believe that few rows are between the two,
-- and would rather sort them.
-- `late`: by transactions that ran at the earlier snapshot, not at the later one. Each is looked up by
-- itself, between its id and its id: of an equation PostgreSQL would reckon how many events it finds, and
-- where a few transactions have written all events it would rather read the whole index.
-- No row: nothing was appended between the two snapshots.
-- Parameters: $1 the earlier snapshot, $2 the later one (both pg_snapshot), $3 the number of events wanted
--             (bigint), $4 the epoch (smallint)
with late as materialized (
    select e.*
      from pg_snapshot_xip($1::pg_snapshot) as running (id),
           lateral (
               select *
                 from session_ledger.event
                where epoch = $4
                  and transaction_id >= running.id
                  and transaction_id <= running.id
                order by transaction_id
                fetch first $3 rows with ties
           ) as e
     where pg_visible_in_snapshot(running.id, $2::pg_snapshot)
     order by e.transaction_id
     fetch first $3 rows with ties
)
select session_id, version, event_id, kind, shape, user_id, actor, client_ip, user_agent, occurred_at, payload, hash,
       client_proof, recorded_at, transaction_id, position
  from (
      select * from late
       union all (
      select e.*
        from session_ledger.event as e
       where e.epoch = $4
         and e.transaction_id >= pg_snapshot_xmax($1::pg_snapshot)
         and pg_visible_in_snapshot(e.transaction_id, $2::pg_snapshot)
       order by e.transaction_id
       fetch first (greatest(0, $3 - (select count(*) from late))) rows with ties
      )
  ) as e
