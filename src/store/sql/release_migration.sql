-- Lets the next one migrate.
-- No row: never happens.
select pg_advisory_unlock(hashtextextended('session_ledger.migration', 0))
