-- Takes addresses and browsers out of rows that stay: of failed logins, and of ended sessions and logins
-- whose events are in an archive.
-- No row: never happens.
-- Parameters: $1 rows of before this (timestamptz), $2 the most rows of each table (bigint)
with failed as (
    update session_ledger.failed_login
       set client_ip = null, user_agent = null
     where event_id in (
               select event_id
                 from session_ledger.failed_login
                where failed_at < $1
                  and (client_ip is not null or user_agent is not null)
                order by failed_at
                limit $2
           )
    returning 1
),
ended as (
    update session_ledger.ended_session
       set client_ip = null, user_agent = ''
     where session_id in (
               select session_id
                 from session_ledger.ended_session
                where ended_at < $1
                  and (client_ip is not null or user_agent <> '')
                  and session_ledger.is_archived(session_id)
                order by ended_at
                limit $2
           )
    returning 1
),
steps as (
    update session_ledger.login_step
       set client_ip = null, user_agent = ''
     where (session_id, version) in (
               select session_id, version
                 from session_ledger.login_step
                where occurred_at < $1
                  and (client_ip is not null or user_agent <> '')
                  and session_ledger.is_archived(session_id)
                order by occurred_at
                limit $2
           )
    returning 1
)
select (select count(*) from failed) + (select count(*) from ended) + (select count(*) from steps) as aged
