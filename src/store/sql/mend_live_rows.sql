-- Gives live sessions the columns of their rebuilt rows. The row stays where it is, so a transaction that
-- began before still finds its session. `resend` is not derived, and stays; the rebuilt row holds it where it
-- does not belong, and then it goes.
-- No row: this returns none.
-- Parameters: $1 session ids (uuid[]), whose rows are locked
update session_ledger.session as s
   set version = r.version,
       started_at = r.started_at,
       changed_at = r.changed_at,
       authenticated_at = r.authenticated_at,
       absolute_deadline = r.absolute_deadline,
       superseded_until = r.superseded_until,
       idle_timeout = r.idle_timeout,
       superseded_accepted = r.superseded_accepted,
       token_hash = r.token_hash,
       superseded_hash = r.superseded_hash,
       head_hash = r.head_hash,
       user_id = r.user_id,
       client_ip = r.client_ip,
       user_agent = r.user_agent,
       state = r.state,
       resend = nullif(s.resend, r.resend)
  from session_ledger.rebuilt_session as r
 where s.session_id = r.session_id
   and r.session_id = any ($1::uuid[])
