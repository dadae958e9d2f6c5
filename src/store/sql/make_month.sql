-- Makes the table of the month that holds a moment, and says whether the month is still without a partition.
-- `attach_month.sql` follows then.
-- No row: never happens.
-- Parameters: $1 the moment (timestamptz)
select session_ledger.make_event_partition($1) as is_due
