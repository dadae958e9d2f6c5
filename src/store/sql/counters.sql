-- Reads how far the server has counted: the last position that was drawn (null: none), the next transaction
-- id, the present epoch, how many events are in an archive, and the time by the server's own clock. Read in
-- the transaction that reads the log, they lie above all that the log can hold.
-- No row: never happens.
select case when is_called then last_value end as last_position,
       pg_snapshot_xmax(pg_current_snapshot())::text::bigint as next_transaction,
       session_ledger.epoch() as epoch,
       (select coalesce(sum(events), 0)::bigint from session_ledger.archived_partition) as archived,
       clock_timestamp() as now
  from session_ledger.event_position
