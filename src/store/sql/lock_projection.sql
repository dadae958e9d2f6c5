-- Keeps writers out of a table until the transaction ends.
-- No row: never happens.
-- Parameters: $1 the table (oid)
select session_ledger.lock_projection($1)::text as locked
