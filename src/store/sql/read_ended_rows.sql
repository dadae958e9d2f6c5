-- Reads on in the ended sessions, but for those whose events are in an archive.
-- No row: the table has been read to the end of the range.
-- Parameters: $1 the session that the reading has come to (uuid), $2 the version in it (bigint), $3 the last
--             session wanted (uuid)
select session_id, version, started_at, ended_at, last_seen, authenticated_at, reason, user_id, client_ip, user_agent, head_hash,
       ended_by
  from session_ledger.ended_session
 where (session_id, version) > ($1, $2)
   and session_id <= $3
   and not session_ledger.is_archived(session_id)
 order by session_id
 limit 2000
