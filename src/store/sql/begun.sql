-- Reads the clock as the first statement of a request's transaction that has no session. The other columns,
-- and the limits that it sets, are explained in `load.sql`. It reads no table, so that a lock on one does not
-- hold it up.
-- No row: never happens.
select session_ledger.clock() as now,
       session_ledger.epoch() as epoch,
       pg_current_xact_id()::text as transaction_id,
       concat(pg_postmaster_start_time(), ' ', pg_stat_get_bgwriter_stat_reset_time()) as life,
       set_config('statement_timeout', '5s', true) as statement_limit,
       set_config('idle_in_transaction_session_timeout', '5s', true) as idle_limit
