-- Lists a page of the logins from an address that fulfil some conditions, as `logins_of_user.sql` does for a
-- user. They are gone through in the order of `login_step_by_address`.
-- No row: no login fulfils them behind that place.
-- Parameters: $1 address (inet); the place that all of the page come after: $2 beginning (timestamptz), $3
--             session id (uuid), $4 version (bigint); $5 most logins (bigint); $6 began at or after
--             (timestamptz), $7 reason of the end (text), $8 lasted at (timestamptz)
select session_id, version, user_id, methods, assurance, client_ip, user_agent, began_at, ended_at, end_reason, ended_by,
       last_seen, deadline
  from session_ledger.login
 where client_ip = $1
   and (began_at, session_id, version) < ($2, $3, $4)
   and began_at >= $6
   and ($7::text is null or end_reason = $7)
   and ($8::timestamptz is null or (began_at <= $8 and (ended_at is null or ended_at > $8)))
 order by began_at desc, session_id desc, version desc
 limit $5
