-- Does what `begun.sql` does, for a transaction that is to know its session: it has none. A setting that
-- other code may have left on the connection is taken away (`V20__provenance.sql`).
-- No row: never happens.
select session_ledger.clock() as now,
       session_ledger.epoch() as epoch,
       pg_current_xact_id()::text as transaction_id,
       concat(pg_postmaster_start_time(), ' ', pg_stat_get_bgwriter_stat_reset_time()) as life,
       set_config('statement_timeout', '5s', true) as statement_limit,
       set_config('idle_in_transaction_session_timeout', '5s', true) as idle_limit,
       set_config('session_ledger.session_id', '', true) as marked_session,
       set_config('session_ledger.user_id', '', true) as marked_user,
       set_config('session_ledger.actor_id', '', true) as marked_actor
