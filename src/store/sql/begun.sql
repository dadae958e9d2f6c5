-- What a request's transaction begins with. One that hangs, or whose application has gone silent, must not
-- hold its connection and its locks for ever; an application that needs longer sets its own limits inside.
-- Gives the transaction its id, by which its outcome can be asked for if the answer to its COMMIT is lost, and tells
-- for how long that id is known to be its own: a server that has crashed, or a standby that was promoted, may give an
-- id to another transaction if the first left nothing on disk. Both start a new life: another start, or at a crash
-- that the server survives, another start of its statistics.
-- No row: never happens.
select pg_current_xact_id()::text as transaction_id,
       concat(pg_postmaster_start_time(), ' ', pg_stat_get_bgwriter_stat_reset_time()) as life,
       set_config('statement_timeout', '5s', true) as statement_limit,
       set_config('idle_in_transaction_session_timeout', '5s', true) as idle_limit
