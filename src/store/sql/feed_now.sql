-- Reads the present snapshot and epoch. On a standby the snapshot ends at the oldest transaction that runs,
-- as it lists none of them.
-- No row: never happens.
-- Parameters: $1 whether this may be a standby (boolean)
select case
           when $1::boolean
           then format('%s:%s:', pg_snapshot_xmin(present), pg_snapshot_xmin(present))::pg_snapshot
           else present
       end as now,
       session_ledger.epoch() as epoch
  from pg_current_snapshot() as present
