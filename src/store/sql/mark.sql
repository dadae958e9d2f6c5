-- Lets a request's transaction know for which session the statements behind it are: `V20__provenance.sql`. It
-- travels ahead of them, and nobody waits for it.
-- No row: never happens.
-- Parameters: $1 session id, $2 the user whom it acts as, $3 who acts, where that is another (text); each is
--             empty for none
select set_config('session_ledger.session_id', $1, true) as session_id,
       set_config('session_ledger.user_id', $2, true) as user_id,
       set_config('session_ledger.actor_id', $3, true) as actor_id
