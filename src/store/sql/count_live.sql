-- Counts the live sessions that fulfil some conditions, among a bounded number of those behind a place. The
-- conditions, and how sessions are looked for, are those of `live_page.sql`.
-- No row: never happens. If `looked_to` is null, no session is behind that place.
-- Parameters: $1 user (text), $2 first address and $3 last address (inet), $4 session that is left out
--             (uuid); $5 session id that all come after (uuid), $6 most sessions to look at (bigint)
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
found as (
    select session_id from candidate where $2::inet is null or client_ip between $2 and $3
     union
    select candidate.session_id
      from candidate
      join session_ledger.login_step as step on step.session_id = candidate.session_id
     where step.client_ip between $2 and $3
)
select (select count(*) from found) as sessions,
       (select count(*) from candidate) < $6 as is_last,
       (select session_id from candidate order by session_id desc limit 1) as looked_to
