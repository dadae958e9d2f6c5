-- Does what `fence.sql` does for a request that knows its session without a load. It also divides by zero
-- (22012) if what the request knows is not so. If nobody has asked for the transaction's id, this goes a trip
-- ahead of the COMMIT: only by this id can the outcome of a lost COMMIT be found out where no event is
-- appended. `life` is explained in `load.sql`. The id is null if nothing was written, and then nothing can be
-- lost. The row stays locked until the COMMIT.
-- No row: never happens.
-- Parameters: $1 session id (uuid) or null, $2 the version that the row must have (bigint), what the request
--             knows: $3 epoch (smallint), $4 head hash (bytea)
with locked as materialized (
    select version, head_hash
      from session_ledger.session
     where session_id = $1
       for key share
)
select pg_current_xact_id_if_assigned()::text as transaction_id,
       concat(pg_postmaster_start_time(), ' ', pg_stat_get_bgwriter_stat_reset_time()) as life,
       1 / case
               when session_ledger.epoch() <> $3 then 0
               when $1 is null or exists (select from locked where version = $2 and head_hash = $4) then 1
               else 0
           end as held
