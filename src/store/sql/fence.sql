-- The last statement before COMMIT: locks the session's row, so that nothing commits after the session's end
-- has (40001 if it ended meanwhile), and returns the transaction's id. If an earlier statement of the
-- transaction has failed, this fails (25P02), where COMMIT would report success. It divides by zero (22012)
-- if the row is not at the expected version.
-- No row: never happens. With a null id it only returns the transaction's id.
-- Parameters: $1 session id (uuid) or null, $2 the version that the row must have (bigint)
with locked as materialized (
    select version
      from session_ledger.session
     where session_id = $1
       for key share
)
select pg_current_xact_id_if_assigned()::text as transaction_id,
       1 / case
               when $1 is null or exists (select from locked where version = $2) then 1
               else 0
           end as held
