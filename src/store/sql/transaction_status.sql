-- Asks how a transaction ended: committed, aborted, or in progress.
-- No row: never happens. Null: the transaction is so old that nobody knows any more.
-- Parameters: $1 transaction id (xid8 as text)
select pg_xact_status($1::text::xid8) as status
