-- Looks at sessions in which somebody may have been signed in at a moment, the latest started first, and
-- tells the login that lasted then, if it fulfils some conditions. A condition that is null is none. It is
-- run by `reading.rs`, with a plan that is kept. A live session has started before the moment. One that has
-- ended has a class by its length (see `schema/V22__signed_in.sql`), and none of a class started earlier
-- than its longest length before the moment. So at a moment when few were signed in, the search does not go
-- through all that ended before it.
-- No row: no session started so early. A row without `version` is a session that has no such login: the
-- caller goes on behind the last one.
-- Parameters: $1 moment (timestamptz); the place that all come after: $2 start of a session (timestamptz),
--             not later than the moment, $3 session id (uuid); $4 most sessions (bigint); $5 began at or
--             after and $6 began before (timestamptz), $7 first address and $8 last address (inet), $9
--             reason of the end (text)
select candidate.session_id as looked_at,
       candidate.started_at,
       login.*
  from (
      (
          select session_id, started_at
            from session_ledger.session
           where user_id is not null
             and (started_at, session_id) < ($2, $3)
           order by started_at desc, session_id desc
           limit $4
      )
       union all
      (
          select ended.session_id, ended.started_at
            from generate_series(0, 13) as class
           cross join lateral (
              select session_id, started_at
                from session_ledger.ended_session
               where user_id is not null
                 and width_bucket(
                         extract(epoch from ended_at - started_at),
                         '{4,16,64,256,1024,4096,16384,65536,262144,1048576,4194304,16777216,67108864}'
                     ) = class
                 and started_at >= case when class < 13 then $1::timestamptz - make_interval(secs => 4 ^ (class + 1)) else '-infinity' end
                 and (started_at, session_id) < ($2, $3)
               order by started_at desc, session_id desc
               limit $4
           ) as ended
           order by started_at desc, session_id desc
           limit $4
      )
       order by started_at desc, session_id desc
       limit $4
  ) as candidate
  left join lateral (
      select session_id, version, user_id, methods, assurance, client_ip, user_agent, began_at, ended_at, end_reason,
             ended_by, last_seen, deadline
        from session_ledger.login
       where login.session_id = candidate.session_id
         and began_at <= $1
         and (ended_at is null or ended_at > $1)
         and began_at >= $5
         and began_at < $6
         and ($7::inet is null or client_ip between $7 and $8)
         and ($9::text is null or end_reason = $9)
       order by version desc
       limit 1
  ) as login on true
 order by candidate.started_at desc, candidate.session_id desc
