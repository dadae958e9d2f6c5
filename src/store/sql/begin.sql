-- Begins a request's transaction; what it begins with besides is in `begun.sql`, which is prepared. NOT DEFERRABLE
-- changes nothing, but may only be said before the first query: on a connection that was handed to us in the middle of
-- a transaction this fails (25001).
-- No row: this reads nothing.
begin isolation level serializable, not deferrable
