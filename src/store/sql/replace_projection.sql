-- Puts what was derived beside a table in the place of what it holds.
-- No row: never happens.
-- Parameters: $1 the table (oid), $2 the columns of its key (text[])
select session_ledger.replace_projection($1, $2) as rows
