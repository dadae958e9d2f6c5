-- Loads several sessions as `load.sql` loads one. It runs by itself, never within a transaction.
-- `offset 0`: each session is looked up. Otherwise the planner would scan the whole of a table that it
-- believes small.
-- `(select $1)` hides the list from the planner. Otherwise it would plan the statement for each list anew,
-- which takes longer than the lookups.
-- No row: no session was asked for. Each entry of the list has one row, with its `place` in the list, counted
-- from 1. The same session may be in the list more than once. If `version` is null, the session is not live.
-- Parameters: $1 session ids (uuid[])
select asked.place,
       clock.now,
       session_ledger.epoch() as epoch,
       statement_timestamp() > transaction_timestamp() + interval '100 ms' as is_late,
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
  from (select session_ledger.clock() as now) as clock
 cross join unnest((select $1::uuid[])) with ordinality as asked (session_id, place)
  left join lateral (
      select * from session_ledger.session where session_id = asked.session_id offset 0
  ) as s on true
  left join lateral (
      select * from session_ledger.activity where session_id = asked.session_id offset 0
  ) as a on true
