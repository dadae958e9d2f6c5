-- Reads the commits and rollbacks of this database, and the WAL bytes that the server has written.
-- No row: never happens.
select xact_commit as commits,
       xact_rollback as aborts,
       pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint as wal_bytes
  from pg_stat_database
 where datname = current_database()
