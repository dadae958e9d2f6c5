-- Opens a cursor over all ended sessions but those whose events are in an archive.
-- No row: this reads nothing. It needs a transaction, and the cursor is gone with it.
declare ended_rows no scroll cursor for
 select session_id, version, started_at, ended_at, last_seen, authenticated_at, reason, user_id, client_ip, user_agent, head_hash,
        ended_by
   from session_ledger.ended_session
  where not session_ledger.is_archived(session_id)
  order by session_id
