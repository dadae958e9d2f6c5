-- Reads the cursor behind all that has happened so far.
-- No row: never happens.
select pg_current_snapshot() as cursor, session_ledger.epoch() as epoch
