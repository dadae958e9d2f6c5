-- Writes the rows of sessions that have ended, with their last event.
-- No row: it returns none.
-- Parameters: $1 number of the first session (bigint), $2 of the last (bigint), $3 start of session 0 in
--             microseconds (bigint), $4 microseconds from one session to the next (bigint), $5 events of each
--             session (bigint)
insert into session_ledger.ended_session (
    session_id, version, started_at, ended_at, last_seen, authenticated_at, reason, user_id, head_hash, client_ip,
    user_agent
)
select growth.session_id(n, $3::bigint, $4::bigint), $5::bigint, at, ended, ended, at, 'logged_out', 'user-' || n,
       sha256(int8send(n + $5::bigint)), t.client_ip, t.user_agent
  from generate_series($1::bigint, $2::bigint) as n
 cross join lateral (select growth.started_at(n, $3::bigint, $4::bigint) as at) as moment
 cross join lateral (select at + ($5::bigint - 1) * interval '1 minute' as ended) as last
  join growth.template as t on t.stage = 1
 order by n
