-- Takes the lock that lets only one migration run at a time, and makes the schema that holds the list of
-- migrations. From then on no statement waits for a lock on a table longer than a moment: whoever comes after
-- it would wait behind it.
-- No row: this reads nothing. The lock belongs to the connection, and is gone when that ends.
set statement_timeout = 0;
set lock_timeout = 0;
select pg_advisory_lock(hashtextextended('session_ledger.migration', 0));
set lock_timeout = '100ms';
create schema if not exists session_ledger;
