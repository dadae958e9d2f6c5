-- Loads several sessions, as `load.sql` does one. A statement by itself, never within a transaction.
-- `offset 0`: each is looked up. Joined freely, the planner would rather scan the whole of a table that it believes small.
-- `(select $1)`: hidden from the planner, which would rather plan each list anew for its length, and takes longer for that
-- than the lookups do.
-- No row: no session was asked for. Each that was has one, at its `place` in the list, which counts from 1; the same
-- session may be asked for more than once. Where `version` is null it is not live.
-- Parameters: $1 session ids (uuid[])
select asked.place,
       clock.now,
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
