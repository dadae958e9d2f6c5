-- Loads a page of the sessions that are stored as live and fulfil some conditions, whatever their time is,
-- in the order of their ids. A condition that is null is none. It is planned for its values each time, as
-- `logins_from_network.sql` is. The sessions of a user are gone through in the order of `session_by_user`.
-- `offset 0`: each session that is found is looked up, as in `load_group.sql`.
-- A session is of a network if its latest event that names a client names an address there, or if one of its
-- login steps came from there. The address of the row has no index, as requests change it. So a page looks
-- at a bounded number of sessions, and says how far it has looked.
-- No row: no live session, of the user or at all, is behind that place. If `version` is null, none of those
-- that were looked at fulfils the conditions.
-- Parameters: $1 user (text), $2 first address and $3 last address (inet), $4 session that is left out
--             (uuid); $5 session id that all of the page come after (uuid), $6 most sessions to look at
--             (bigint), $7 most sessions (bigint)
with candidate as materialized (
    (
        select session_id, client_ip
          from session_ledger.session
         where user_id = $1
           and session_id > $5
           and ($4::uuid is null or session_id <> $4)
         order by session_id
         limit $6
    )
     union all
    (
        select session_id, client_ip
          from session_ledger.session
         where $1::text is null
           and session_id > $5
           and ($4::uuid is null or session_id <> $4)
         order by session_id
         limit $6
    )
),
found as materialized (
    select session_id from candidate where $2::inet is null or client_ip between $2 and $3
     union
    select candidate.session_id
      from candidate
      join session_ledger.login_step as step on step.session_id = candidate.session_id
     where step.client_ip between $2 and $3
     order by session_id
     limit $7
)
select looked.looked_to,
       looked.is_last,
       session_ledger.clock() as now,
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
       greatest(s.changed_at, a.last_seen) as last_seen
  from (
      select session_id as looked_to, (select count(*) from candidate) < $6 as is_last
        from candidate
       order by session_id desc
       limit 1
  ) as looked
  left join found on true
  left join lateral (
      select * from session_ledger.session where session_id = found.session_id offset 0
  ) as s on true
  left join lateral (
      select * from session_ledger.activity where session_id = found.session_id offset 0
  ) as a on true
 order by found.session_id
