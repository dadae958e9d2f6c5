-- Puts a guard trigger back on a table of the log.
-- No row: never happens.
-- Parameters: $1 the table's name (text), $2 the trigger's (text)
select session_ledger.place_guard($1, $2) as placed
