-- Compares a table with what was derived beside it.
-- No row: they are equal.
-- Parameters: $1 the table (oid), $2 the columns of its key (text[]), $3 most differences (bigint)
select row_key, stored_row, derived_row
  from session_ledger.projection_differences($1, $2, $3)
