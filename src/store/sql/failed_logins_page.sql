-- Lists a page of the failed logins that fulfil some conditions, the latest first. A condition that is null
-- is none. It is planned for its values each time, as `logins_from_network.sql`.
-- No row: no failed login fulfils them behind that place.
-- Parameters: $1 user (text), $2 first address and $3 last address (inet), $4 failed at or after and $5
--             failed before (timestamptz), $6 reason (text); the place that all of the page come after: $7
--             time (timestamptz), $8 event id (uuid); $9 most failed logins (bigint)
select event_id, failed_at, user_id, reason, client_ip, user_agent, session_id, left_out
  from session_ledger.failed_login
 where ($1::text is null or user_id = $1)
   and ($2::inet is null or client_ip between $2 and $3)
   and failed_at >= $4
   and failed_at < $5
   and ($6::text is null or reason = $6)
   and (failed_at, event_id) < ($7, $8)
 order by failed_at desc, event_id desc
 limit $9
