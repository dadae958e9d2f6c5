-- Begins a request's transaction; what it begins with besides is in `begun.sql`, which is prepared. NOT DEFERRABLE
-- changes nothing, but may only be said before the first query: on a connection that was handed to us in the middle of
-- a transaction this fails (25001).
-- Until the session is loaded, no table is scanned whole where there is an index (see `release_planner.sql`): of a
-- small table PostgreSQL would rather read all, and then this transaction and every change of any session conflict.
-- No row: this reads nothing.
begin isolation level serializable, not deferrable;
set local enable_seqscan = off
