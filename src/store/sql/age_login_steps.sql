-- Deletes steps of logins that are past their limit, of sessions whose events are in an archive.
-- No row: never happens.
-- Parameters: $1 steps that occurred before this (timestamptz), $2 the most of them (bigint)
with past as materialized (
    select session_id, version
      from session_ledger.login_step
     where occurred_at < $1
       and session_ledger.is_archived(session_id)
     order by occurred_at
     limit $2
),
deleted as (
    delete from session_ledger.login_step where (session_id, version) in (select session_id, version from past) returning 1
)
select count(*) as aged from deleted
