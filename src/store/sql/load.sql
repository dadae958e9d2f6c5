-- Loads a live session by the id sealed in its token, with the time and when it was last seen.
-- As the first statement of a request's transaction it also gives that its id, by which its outcome can be asked for if
-- the answer to its COMMIT is lost, and tells for how long that id is known to be its own: a server that has crashed, or a
-- standby that was promoted, may give an id to another transaction if the first left nothing on disk. Both start a new
-- life: another start, or at a crash that the server survives, another start of its statistics. And it sets limits: one
-- that hangs, or whose application has gone silent, must not hold its connection and its locks for ever; an application
-- that needs longer sets its own inside.
-- `is_late`: the transaction began a while before this statement. If it is not a request's, other code has left it open
-- on the connection, and its snapshot may be old. A statement of its own begins with its Bind message, and the Execute
-- message behind it counts as its start, so some time must be allowed for.
-- No row: never happens. Where `version` is null the session is not live.
-- Parameters: $1 session id (uuid), $2 whether this begins a request's transaction (boolean)
select clock.now,
       statement_timestamp() > transaction_timestamp() + interval '100 ms' as is_late,
       case when $2 then pg_current_xact_id()::text end as transaction_id,
       case
           when $2 then concat(pg_postmaster_start_time(), ' ', pg_stat_get_bgwriter_stat_reset_time())
       end as life,
       case when $2 then set_config('statement_timeout', '5s', true) end as statement_limit,
       case when $2 then set_config('idle_in_transaction_session_timeout', '5s', true) end as idle_limit,
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
