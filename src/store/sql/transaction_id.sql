-- Gives the transaction its id, by which its outcome can be asked for if the answer to its COMMIT is lost, and tells
-- which run of which server the id is of: a crash forgets ids that it had given out, and gives them out again.
-- No row: never happens.
select pg_current_xact_id()::text as transaction_id,
       concat_ws(
           ' ',
           extract(epoch from pg_postmaster_start_time()),
           extract(epoch from pg_stat_get_bgwriter_stat_reset_time())
       ) as server_run
