-- Begins a request's transaction; `load.sql` or `begun.sql` does the rest. NOT DEFERRABLE changes nothing, but may only be
-- said before the first query: on a connection that was handed to us in the middle of a transaction this fails (25001).
-- No row: this reads nothing.
begin isolation level serializable, not deferrable
