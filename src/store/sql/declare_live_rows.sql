-- Opens a cursor over the derived columns of all live sessions, with `resend` behind them.
-- No row: this reads nothing. It needs a transaction, and the cursor is gone with it.
declare live_rows no scroll cursor for
 select session_id, version, started_at, changed_at, authenticated_at, absolute_deadline, superseded_until, idle_timeout,
        superseded_accepted, token_hash, superseded_hash, head_hash, user_id, client_ip, user_agent, state, resend
   from session_ledger.session
  order by session_id
