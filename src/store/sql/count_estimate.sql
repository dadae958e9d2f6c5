-- Reads about how many events the log holds, as of the last ANALYZE or VACUUM of each partition.
-- No row: never happens. It is 0 for a log that was never analyzed.
select coalesce(sum(reltuples) filter (where reltuples > 0), 0)::bigint as events
  from pg_catalog.pg_inherits
  join pg_catalog.pg_class on pg_class.oid = inhrelid
 where inhparent = 'session_ledger.event'::regclass
