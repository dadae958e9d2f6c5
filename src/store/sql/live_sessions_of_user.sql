-- Loads the sessions of a user that are stored as live, whatever their time is. Behind `close_gate.sql` none
-- can be added before COMMIT.
-- No row: the user has no live session.
-- Parameters: $1 user (text), $2 most sessions (bigint)
select s.session_id,
       s.version,
       s.started_at,
       s.changed_at,
       s.authenticated_at,
       s.superseded_until,
       s.superseded_accepted,
       s.token_hash,
       s.superseded_hash,
       s.head_hash,
       s.user_id,
       s.client_ip,
       s.user_agent,
       s.state,
       s.resend,
       greatest(s.changed_at, a.last_seen) as last_seen
  from session_ledger.session as s
  left join session_ledger.activity as a on a.session_id = s.session_id
 where s.user_id = $1
 order by s.session_id
 limit $2
