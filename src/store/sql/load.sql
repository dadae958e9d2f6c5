-- Loads a live session by the id sealed in its token, with the time and when the session was last seen. As
-- the first statement of a request's transaction ($2) it also returns the transaction's id, so that the
-- outcome of a lost COMMIT can be found out, and `life`, the run of the server in which the id belongs to
-- this transaction. A server that has crashed, or a standby that was promoted, may give the id to another
-- transaction if the first one left nothing on disk. Then `life` is another: the server has another start, or
-- its statistics have. With $2 it also sets time limits: a transaction that hangs, or whose application has
-- gone silent, must not hold its connection and its locks for ever. An application that needs longer sets its
-- own limits inside.
-- `is_late`: the transaction began a while before this statement. If it is not a request's transaction, other
-- code has left it open on the connection, and its snapshot may be old. Some time is allowed for: a
-- transaction begins with the statement's Bind message, and the statement's own start is the Execute message
-- behind it.
-- No row: never happens. If `version` is null, the session is not live.
-- Parameters: $1 session id (uuid), $2 whether this begins a request's transaction (boolean)
select clock.now,
       session_ledger.epoch() as epoch,
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
