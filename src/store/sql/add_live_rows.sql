-- Adds the rebuilt rows of live sessions that have none.
-- No row: this returns none.
-- Parameters: $1 session ids (uuid[]), whose rows are locked
insert into session_ledger.session (
    session_id, version, started_at, changed_at, authenticated_at, absolute_deadline, superseded_until,
    idle_timeout, superseded_accepted, token_hash, superseded_hash, head_hash, user_id, client_ip,
    user_agent, state
)
select r.session_id, r.version, r.started_at, r.changed_at, r.authenticated_at, r.absolute_deadline,
       r.superseded_until, r.idle_timeout, r.superseded_accepted, r.token_hash, r.superseded_hash,
       r.head_hash, r.user_id, r.client_ip, r.user_agent, r.state
  from session_ledger.rebuilt_session as r
 where r.session_id = any ($1::uuid[])
   and not exists (select from session_ledger.session as s where s.session_id = r.session_id)
