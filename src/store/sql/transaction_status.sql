-- Asks how a transaction ended (committed, aborted or in progress), and for the server's life, which
-- `load.sql` explains. Fails (22023) if the server has not given this id yet.
-- No row: never happens. A null status: the transaction is so old that the server does not know it any more.
-- Parameters: $1 transaction id (xid8 as text)
select pg_xact_status($1::text::xid8) as status,
       concat(pg_postmaster_start_time(), ' ', pg_stat_get_bgwriter_stat_reset_time()) as life
