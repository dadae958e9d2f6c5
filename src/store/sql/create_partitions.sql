-- Makes the partitions of the log for the coming months.
-- No row: never happens.
-- Parameters: $1 how many months ahead (integer)
select session_ledger.create_event_partitions($1) as made
