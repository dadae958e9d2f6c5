-- Adds the rebuilt rows of ended sessions. `clear_rows.sql` has taken the old ones away.
-- No row: this returns none.
-- Parameters: $1 session ids (uuid[]), whose rows are locked
insert into session_ledger.ended_session (
    session_id, version, started_at, ended_at, last_seen, authenticated_at, reason, user_id, client_ip,
    user_agent, head_hash, ended_by
)
select r.session_id, r.version, r.started_at, r.ended_at, r.last_seen, r.authenticated_at, r.reason,
       r.user_id, r.client_ip, r.user_agent, r.head_hash, r.ended_by
  from session_ledger.rebuilt_ended_session as r
 where r.session_id = any ($1::uuid[])
