-- Lets other connections see the moment that this transaction sees, as long as it is open.
-- No row: never happens.
select pg_export_snapshot() as snapshot
