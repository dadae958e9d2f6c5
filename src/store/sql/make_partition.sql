-- Makes the table of a month of the log, and says whether the month is still without a partition.
-- `check_otherwise.sql` and `attach_partition.sql` follow then.
-- No row: never happens.
-- Parameters: $1 how many months ahead (integer)
select session_ledger.make_event_partition(session_ledger.clock() + make_interval(months => $1)) as is_due
