-- Makes sure that no event of a month is in the partition for events outside all months.
-- No row: never happens.
-- Parameters: $1 how many months ahead (integer)
select session_ledger.check_event_otherwise(session_ledger.clock() + make_interval(months => $1)) as checked
