-- Releases the lock of `prepare_migration.sql`, so that the next migration can run.
-- No row: never happens.
select pg_advisory_unlock(hashtextextended('session_ledger.migration', 0))
