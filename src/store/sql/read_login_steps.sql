-- Reads on in the steps of logins, but for those whose events are in an archive.
-- No row: the table has been read to the end of the range.
-- Parameters: $1 the session that the reading has come to (uuid), $2 the version in it (bigint), $3 the last
--             session wanted (uuid)
select session_id, version, occurred_at, kind, user_id, actor, methods, assurance, client_ip, user_agent
  from session_ledger.login_step
 where (session_id, version) > ($1, $2)
   and session_id <= $3
   and not session_ledger.is_archived(session_id)
 order by session_id, version
 limit 2000
