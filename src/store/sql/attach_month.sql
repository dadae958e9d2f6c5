-- Makes the table of a month a partition of the log.
-- No row: never happens.
-- Parameters: $1 a moment of the month (timestamptz)
select session_ledger.attach_event_partition($1) as attached
