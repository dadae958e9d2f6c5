-- Begins the transaction of a request that knows its session, with the limits that `load.sql` sets otherwise,
-- and asks for its id and for `life`, which are explained there: a transaction that appends nothing needs
-- them. They travel with the application's first statement.
-- No row: never happens.
begin isolation level serializable, not deferrable;
set local statement_timeout = '5s';
set local idle_in_transaction_session_timeout = '5s';
select pg_current_xact_id()::text as transaction_id,
       concat(pg_postmaster_start_time(), ' ', pg_stat_get_bgwriter_stat_reset_time()) as life
