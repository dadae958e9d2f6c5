-- Deletes failed logins that are past their limit.
-- No row: never happens.
-- Parameters: $1 those before this (timestamptz), $2 the most of them (bigint)
with past as materialized (
    select event_id from session_ledger.failed_login where failed_at < $1 order by failed_at limit $2
),
deleted as (
    delete from session_ledger.failed_login where event_id in (select event_id from past) returning 1
)
select count(*) as aged from deleted
