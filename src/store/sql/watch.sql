-- Looks whether sessions that somebody watches are still live, until when, and why not. It runs by itself,
-- never within a transaction. `is_late`, `offset 0` and `(select $1)` are explained in `load.sql` and
-- `load_group.sql`.
-- No row: no session was asked for. Each session of the list has one row. If neither `last_seen` nor `reason`
-- is there, nothing is known of the session.
-- Parameters: $1 session ids, each once (uuid[])
select asked.session_id,
       clock.now,
       statement_timestamp() > transaction_timestamp() + interval '100 ms' as is_late,
       greatest(s.changed_at, a.last_seen) as last_seen,
       s.idle_timeout,
       s.absolute_deadline,
       e.reason
  from (select session_ledger.clock() as now) as clock
 cross join unnest((select $1::uuid[])) as asked (session_id)
  left join lateral (
      select changed_at, idle_timeout, absolute_deadline
        from session_ledger.session
       where session_id = asked.session_id
      offset 0
  ) as s on true
  left join lateral (
      select last_seen
        from session_ledger.activity
       where session_id = asked.session_id and s.changed_at is not null
      offset 0
  ) as a on true
  left join lateral (
      select reason from session_ledger.ended_session where session_id = asked.session_id offset 0
  ) as e on true
