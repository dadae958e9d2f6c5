-- Lists a page of the logins that fulfil some conditions, the latest first. A condition that is null is none.
-- It is planned for its values each time: which index answers it follows from the conditions that are there.
-- No row: no login fulfils them behind that place.
-- Parameters: $1 user (text), $2 first address and $3 last address (inet), $4 began at or after and $5 began
--             before (timestamptz), $6 reason of the end (text), $7 lasted at (timestamptz); the place that
--             all of the page come after: $8 beginning (timestamptz), $9 session id (uuid), $10 version
--             (bigint); $11 most logins (bigint)
select session_id, version, user_id, methods, assurance, client_ip, user_agent, began_at, ended_at, end_reason, ended_by,
       last_seen, deadline
  from session_ledger.login
 where ($1::text is null or user_id = $1)
   and ($2::inet is null or client_ip between $2 and $3)
   and began_at >= $4
   and began_at < $5
   and ($6::text is null or end_reason = $6)
   and ($7::timestamptz is null or (began_at <= $7 and (ended_at is null or ended_at > $7)))
   and (began_at, session_id, version) < ($8, $9, $10)
 order by began_at desc, session_id desc, version desc
 limit $11
