-- Deletes rows of ended sessions that are past their limit, with the steps of their logins: a login without
-- its session's row would look as if it went on. Only those whose events are in an archive: the rows of
-- others follow from the log, and a rebuild would bring them back.
-- No row: never happens.
-- Parameters: $1 sessions that ended before this (timestamptz), $2 the most of them (bigint)
with past as materialized (
    select session_id
      from session_ledger.ended_session
     where ended_at < $1
       and session_ledger.is_archived(session_id)
     order by ended_at
     limit $2
),
steps as (
    delete from session_ledger.login_step where session_id in (select session_id from past) returning 1
),
sessions as (
    delete from session_ledger.ended_session where session_id in (select session_id from past) returning 1
)
select (select count(*) from sessions) as sessions, (select count(*) from steps) as steps
