-- Makes the table of a month a partition of the log. It waits for transactions that read the whole log, and
-- those that come meanwhile wait behind it. So it may wait for a moment only, see `prepare_migration.sql`.
-- No row: never happens.
-- Parameters: $1 how many months ahead (integer)
select session_ledger.attach_event_partition(session_ledger.clock() + make_interval(months => $1)) as attached
