-- Loads a live session by the id sealed in its token, with the time and when it was last seen.
-- `is_late`: the transaction began a while before this statement. If it is not a request's, other code has left it open
-- on the connection, and its snapshot may be old. A statement of its own begins with its Bind message, and the Execute
-- message behind it counts as its start, so some time must be allowed for.
-- No row: never happens. Where `version` is null the session is not live.
-- Parameters: $1 session id (uuid)
select clock.now,
       statement_timestamp() > transaction_timestamp() + interval '100 ms' as is_late,
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
  from (select session_ledger.clock() as now) as clock
  left join session_ledger.session as s on s.session_id = $1
  left join session_ledger.activity as a on a.session_id = $1
