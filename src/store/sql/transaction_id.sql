-- Gives the transaction its id, by which its outcome can be asked for if the answer to its COMMIT is lost.
-- No row: never happens.
select pg_current_xact_id()::text as transaction_id
