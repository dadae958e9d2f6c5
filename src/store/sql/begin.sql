-- Begins a request's transaction. `load.sql` or `begun.sql` follows. NOT DEFERRABLE is the default, but it
-- may only be said before the first query. So this fails (25001) on a connection that came to us in the
-- middle of a transaction.
-- No row: this reads nothing.
begin isolation level serializable, not deferrable
