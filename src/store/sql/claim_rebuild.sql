-- Takes the lock that lets only one rebuild beside the running application work at a time. The lock belongs
-- to the connection, and is gone when that ends.
-- No row: never happens. It is false if another rebuild has the lock.
select pg_try_advisory_lock(hashtextextended('session_ledger.rebuild', 0)) as is_claimed
