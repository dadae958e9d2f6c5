-- Lists a page of the logins from a network that fulfil some conditions, the latest first. A condition that
-- is null is none. It is planned for its values each time: in a small network all logins are found and
-- sorted, and for a large one it is better to go through the latest logins of all.
-- No row: no login fulfils them behind that place.
-- Parameters: $1 first address and $2 last address (inet); the place that all of the page come after: $3
--             beginning (timestamptz), $4 session id (uuid), $5 version (bigint); $6 most logins (bigint);
--             $7 began at or after (timestamptz), $8 reason of the end (text)
select session_id, version, user_id, methods, assurance, client_ip, user_agent, began_at, ended_at, end_reason, ended_by,
       last_seen, deadline
  from session_ledger.login
 where client_ip between $1 and $2
   and (began_at, session_id, version) < ($3, $4, $5)
   and began_at >= $7
   and ($8::text is null or end_reason = $8)
 order by began_at desc, session_id desc, version desc
 limit $6
