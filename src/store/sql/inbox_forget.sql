-- Forgets sessions and events of an inbox that were recorded before a moment, a bounded number of each, and
-- remembers that moment. Rows that somebody has locked are left for the next call. A session that began after
-- the moment has no event before it, so the key leads to those that may be forgotten, oldest first.
-- No row: never.
-- Parameters: $1 inbox (text), $2 the moment (timestamptz), $3 the least session id of the moment (uuid),
--             $4 the number of rows of each table (bigint)
with moved as (
    insert into session_ledger_inbox.horizon as h (inbox, recorded_before)
    values ($1, $2)
        on conflict (inbox) do update
       set recorded_before = greatest(h.recorded_before, excluded.recorded_before)
), old_sessions as (
    select inbox, session_id, log
      from session_ledger_inbox.session
     where inbox = $1
       and session_id < $3
       and recorded_at < $2
       and may_go
     order by session_id
     limit $4
       for update skip locked
), gone_sessions as (
    delete from session_ledger_inbox.session as s
     using old_sessions as o
     where (s.inbox, s.session_id, s.log) = (o.inbox, o.session_id, o.log)
    returning 1
), old_events as (
    select inbox, session_id, log, version
      from session_ledger_inbox.event
     where inbox = $1
       and session_id < $3
       and recorded_at < $2
     order by session_id
     limit $4
       for update skip locked
), gone_events as (
    delete from session_ledger_inbox.event as e
     using old_events as o
     where (e.inbox, e.session_id, e.log, e.version) = (o.inbox, o.session_id, o.log, o.version)
    returning 1
)
select (select count(*) from gone_sessions) as sessions, (select count(*) from gone_events) as events
