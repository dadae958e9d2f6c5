-- Begins the next epoch of the database, and returns its number. The owner of the schema may.
-- No row: never happens.
select session_ledger.raise_epoch() as epoch
