-- Lists a page of all logins that fulfil some conditions, as `logins_of_user.sql` does for a user. They are
-- gone through in the order of `login_step_by_time`.
-- No row: no login fulfils them behind that place.
-- Parameters: $1 beginning (timestamptz), $2 session id (uuid) and $3 version (bigint) of the place that all
--             of the page come after; $4 most logins (bigint); $5 began at or after (timestamptz), $6 reason
--             of the end (text)
select session_id, version, user_id, methods, assurance, client_ip, user_agent, began_at, ended_at, end_reason, ended_by,
       last_seen, deadline
  from session_ledger.login
 where (began_at, session_id, version) < ($1, $2, $3)
   and began_at >= $5
   and ($6::text is null or end_reason = $6)
 order by began_at desc, session_id desc, version desc
 limit $4
