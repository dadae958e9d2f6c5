-- Looks at a page of live sessions in the order of their ids, and loads those of them whose time is over by
-- now, by their own limits or else by the policy's. It is for a sweep, and belongs outside any transaction:
-- so it takes part in no conflict of requests. No column of a row that requests change may have an index,
-- and the time when a session was last seen changes: so the sessions are looked at one after the other, a
-- bounded number with each statement. `activity` is asked for those alone whose row was not changed for as
-- long as their limit. `offset 0` is explained in `live_page.sql`. It is planned for its values each time.
-- No row: no live session is behind that place. If `version` is null, none of those that were looked at is
-- overdue.
-- Parameters: $1 session id that all of the page come after (uuid), $2 most sessions to look at (bigint),
--             $3 most sessions (bigint), $4 idle limit and $5 absolute limit of the policy, in seconds, null
--             for none (double precision)
with clock as materialized (
    select session_ledger.clock() as now
),
looked as materialized (
    select session_id,
           changed_at,
           coalesce(idle_timeout, $4) as idle_limit,
           coalesce(
               absolute_deadline,
               coalesce(authenticated_at, started_at) + make_interval(secs => $5)
           ) as absolute_deadline
      from session_ledger.session
     where session_id > $1
     order by session_id
     limit $2
),
overdue as materialized (
    select silent.session_id, silent.last_seen
      from (
          select looked.session_id,
                 greatest(looked.changed_at, a.last_seen) as last_seen,
                 looked.idle_limit,
                 looked.absolute_deadline
            from looked
            left join lateral (
                select last_seen from session_ledger.activity where session_id = looked.session_id offset 0
            ) as a on true
           where looked.absolute_deadline <= (select now from clock)
              or looked.changed_at + make_interval(secs => looked.idle_limit) <= (select now from clock)
      ) as silent
     where silent.absolute_deadline <= (select now from clock)
        or silent.last_seen + make_interval(secs => silent.idle_limit) <= (select now from clock)
     order by silent.session_id
     limit $3
)
select page.looked_to,
       page.looked_at,
       (select now from clock) as now,
       s.session_id,
       s.version,
       s.started_at,
       s.changed_at,
       s.authenticated_at,
       s.superseded_until,
       s.superseded_accepted,
       s.token_hash,
       s.superseded_hash,
       s.head_hash,
       s.user_id,
       s.client_ip,
       s.user_agent,
       s.state,
       s.resend,
       overdue.last_seen
  from (
      select session_id as looked_to, (select count(*) from looked) as looked_at
        from looked
       order by session_id desc
       limit 1
  ) as page
  left join overdue on true
  left join lateral (
      select * from session_ledger.session where session_id = overdue.session_id offset 0
  ) as s on true
 order by overdue.session_id
