-- Counts the logins that fulfil some conditions, and their users, in steps of time from the beginning of the
-- span on. The conditions are those of `logins_from_network.sql`, and it is planned in the same way.
-- No row: no login fulfils them. A step without logins has no row.
-- Parameters: $1 user (text), $2 first address and $3 last address (inet), $4 began at or after and $5 began
--             before (timestamptz), $6 reason of the end (text), $7 lasted at (timestamptz), $8 seconds of a
--             step (double precision)
select date_bin(make_interval(secs => $8), began_at, $4) as step_start,
       count(*) as logins,
       count(distinct user_id) as users
  from session_ledger.login
 where ($1::text is null or user_id = $1)
   and ($2::inet is null or client_ip between $2 and $3)
   and began_at >= $4
   and began_at < $5
   and ($6::text is null or end_reason = $6)
   and ($7::timestamptz is null or (began_at <= $7 and (ended_at is null or ended_at > $7)))
 group by step_start
 order by step_start
