-- Adds the rebuilt steps of logins. `clear_rows.sql` has taken the old ones away.
-- No row: this returns none.
-- Parameters: $1 session ids (uuid[]), whose rows are locked
insert into session_ledger.login_step (
    session_id, version, occurred_at, kind, user_id, actor, methods, assurance, client_ip, user_agent
)
select r.session_id, r.version, r.occurred_at, r.kind, r.user_id, r.actor, r.methods, r.assurance,
       r.client_ip, r.user_agent
  from session_ledger.rebuilt_login_step as r
 where r.session_id = any ($1::uuid[])
