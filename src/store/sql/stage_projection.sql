-- Makes a temporary table that is like a table of an application's, see `V31__projection_staging.sql`.
-- No row: never happens. Null if there is no such table.
-- Parameters: $1 the table's name (text)
select session_ledger.stage_projection($1) as stored
