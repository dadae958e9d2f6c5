-- Loads several sessions, as `load.sql` does one. A statement by itself, never within a transaction.
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
 cross join unnest($1::uuid[]) with ordinality as asked (session_id, place)
  left join session_ledger.session as s on s.session_id = asked.session_id
  left join session_ledger.activity as a on a.session_id = asked.session_id
