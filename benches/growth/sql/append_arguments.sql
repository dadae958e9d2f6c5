-- The arguments, as text, with which the library's statement appends one more value to a live session.
-- No row: the session is not live.
-- Parameters: $1 session id (uuid)
select format(
           '%L, %s, %s, %L, now(), %L, %L, null, %L, null, %L, null, %L, %L, %L, %L, %L, null, gen_random_uuid(), '
           '''value_set'', 1::smallint, %L, null, %L, %L, now(), %L::bytea, %L::bytea, null',
           session_id, version, version + 1, started_at, authenticated_at, absolute_deadline, idle_timeout, token_hash,
           head_hash, user_id, s.client_ip, s.user_agent, state, user_id, t.client_ip, t.user_agent, t.payload, head_hash
       )
  from session_ledger.session as s
 cross join growth.template as t
 where session_id = $1
   and t.stage = 3
