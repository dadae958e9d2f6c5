-- Lists a page of the logins of a user that fulfil some conditions, the latest first. A condition that is
-- null is none. It is run by `reading.rs`, with a plan that is kept: whatever the other conditions are, the
-- logins are gone through in the order of `login_step_by_user`, and the search ends when the page is full.
-- No row: no login fulfils them behind that place.
-- Parameters: $1 user (text); the place that all of the page come after: $2 beginning (timestamptz), $3
--             session id (uuid), $4 version (bigint); $5 most logins (bigint); $6 began at or after
--             (timestamptz), $7 first address and $8 last address (inet), $9 reason of the end (text), $10
--             lasted at (timestamptz)
select session_id, version, user_id, methods, assurance, client_ip, user_agent, began_at, ended_at, end_reason, ended_by,
       last_seen, deadline
  from session_ledger.login
 where user_id = $1
   and (began_at, session_id, version) < ($2, $3, $4)
   and began_at >= $6
   and ($7::inet is null or client_ip between $7 and $8)
   and ($9::text is null or end_reason = $9)
   and ($10::timestamptz is null or (began_at <= $10 and (ended_at is null or ended_at > $10)))
 order by began_at desc, session_id desc, version desc
 limit $5
