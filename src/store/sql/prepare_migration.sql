-- Takes the lock that lets only one migration run at a time, and makes the schema that holds the list of
-- migrations.
-- No row: this reads nothing. The lock belongs to the connection, and is gone when that ends.
select pg_advisory_lock(hashtextextended('session_ledger.migration', 0));
create schema if not exists session_ledger;
