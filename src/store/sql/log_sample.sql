-- Reads session ids here and there in the log, from a part of its pages, in order: where to cut it in parts
-- that are about as long.
-- No row: the log is small, or no page was met.
-- Parameters: $1 how much of the log to look at, in percent (real)
select session_id
  from session_ledger.event tablesample system ($1::real)
 order by session_id
