-- Takes addresses and browsers out of failed logins, which stay.
-- No row: never happens.
-- Parameters: $1 rows of before this (timestamptz), $2 the most rows (bigint)
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
)
select count(*) as aged from failed
