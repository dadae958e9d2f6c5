-- Reads on in the derived columns of the live sessions, with `resend` behind them.
-- No row: the table has been read to the end of the range.
-- Parameters: $1 the session that the reading has come to (uuid), $2 the version in it (bigint), $3 the last
--             session wanted (uuid)
select session_id, version, started_at, changed_at, authenticated_at, absolute_deadline, superseded_until, idle_timeout,
       superseded_accepted, token_hash, superseded_hash, head_hash, user_id, client_ip, user_agent, state, resend
  from session_ledger.session
 where (session_id, version) > ($1, $2)
   and session_id <= $3
 order by session_id
 limit 2000
