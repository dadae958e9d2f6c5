-- Opens a cursor over the steps of all logins but those whose events are in an archive.
-- No row: this reads nothing. It needs a transaction, and the cursor is gone with it.
declare login_steps no scroll cursor for
 select session_id, version, occurred_at, kind, user_id, actor, methods, assurance, client_ip, user_agent
   from session_ledger.login_step
  where not session_ledger.is_archived(session_id)
  order by session_id, version
