-- Makes sure that only one migrates at a time, and makes the schema that holds the list of migrations.
-- No row: this reads nothing. The lock is the session's: it is gone when the connection is.
select pg_advisory_lock(hashtextextended('session_ledger.migration', 0));
create schema if not exists session_ledger;
