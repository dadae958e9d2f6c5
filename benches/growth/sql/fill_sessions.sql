-- Writes the rows of live sessions, all with the token hash of the secret that the clients know, and with the
-- browser of the real session.
-- No row: it returns none.
-- Parameters: $1 number of the first session (bigint), $2 of the last (bigint), $3 start of session 0 in
--             microseconds (bigint), $4 microseconds from one session to the next (bigint), $5 events of each
--             session (bigint), $6 token hash (bytea), $7 state (bytea), $8 idle timeout in seconds
--             (integer), $9 seconds from the authentication to the deadline (integer)
insert into session_ledger.session (
    session_id, version, started_at, changed_at, authenticated_at, absolute_deadline, idle_timeout, token_hash, head_hash,
    user_id, client_ip, user_agent, state
)
select growth.session_id(n, $3::bigint, $4::bigint), $5::bigint, at, at,
       case when $5::bigint > 1 then at end, at + $9::integer * interval '1 second', $8::integer,
       $6::bytea, sha256(int8send(n + $5::bigint)),
       case when $5::bigint > 1 then 'user-' || n end, t.client_ip, t.user_agent, $7::bytea
  from generate_series($1::bigint, $2::bigint) as n
 cross join lateral (select growth.started_at(n, $3::bigint, $4::bigint) as at) as moment
  join growth.template as t on t.stage = 1
 order by n
