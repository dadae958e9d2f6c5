-- Appends the events of sessions, each a minute after the one before. The hashes form no chain. The order in
-- the subquery makes PostgreSQL compute values once for each session, not for each event.
-- No row: it returns none.
-- Parameters: $1 number of the first session (bigint), $2 of the last (bigint), $3 start of session 0 in
--             microseconds (bigint), $4 microseconds from one session to the next (bigint), $5 events of each
--             session (bigint), $6 whether the last of them is its end (boolean), $7 transaction id of the
--             first session's events, with the next for the next session's; null for the id of this
--             transaction (bigint)
insert into session_ledger.event (
    session_id, version, event_id, kind, shape, user_id, payload, hash, occurred_at, recorded_at, client_ip, user_agent,
    transaction_id
)
select s.id, version, gen_random_uuid(), t.kind, t.shape, case when t.has_user then s.user_id end, t.payload,
       sha256(int8send(s.n + version)), moment.at, moment.at, t.client_ip, t.user_agent,
       coalesce(($7::bigint + s.n - $1)::text::xid8, pg_current_xact_id())
  from (
           select n, 'user-' || n as user_id, growth.session_id(n, $3::bigint, $4::bigint) as id,
                  growth.started_at(n, $3::bigint, $4::bigint) as started_at
             from generate_series($1::bigint, $2::bigint) as n
            order by n
       ) as s
 cross join generate_series(1, $5::bigint) as version
 cross join lateral (select s.started_at + (version - 1) * interval '1 minute' as at) as moment
  join growth.template as t
    on t.stage = case when $6::boolean and version = $5::bigint then 0 else least(version, 3) end
 order by s.n, version
