-- Writes a step of a login (`schema/V15__login.sql`), behind the statements that appended its event and
-- wrote the session's row. If one of those failed, the transaction is aborted, and this statement fails, too.
-- It is a blind insert: it reads nothing, so it conflicts with nothing.
-- No row: this reads nothing. Outside of a transaction that has written already, nothing is written: a step
-- must not come without its event.
-- Parameters: $1 session id;
--             the step: $2 version, $3 occurred at, $4 kind, $5 user, $6 actor, $7 methods, $8 assurance,
--             $9 client address, $10 user agent
insert into session_ledger.login_step (
    session_id, version, occurred_at, kind, user_id, actor, methods, assurance, client_ip, user_agent
)
select $1, $2, $3, $4, $5, $6, $7, $8, $9, $10
 where pg_current_xact_id_if_assigned() is not null
