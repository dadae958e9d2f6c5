-- Loads a live session by the id sealed in its token, with the time and when it was last seen.
-- No row: never happens. Where `version` is null the session is not live.
-- Parameters: $1 session id (uuid)
select clock.now,
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
       s.state,
       s.resend,
       greatest(s.changed_at, a.last_seen) as last_seen
  from (select session_ledger.clock() as now) as clock
  left join session_ledger.session as s on s.session_id = $1
  left join session_ledger.activity as a on a.session_id = $1
