-- Makes copies of a live session that the library has written, with their events: a log and a projection as
-- requests leave them. They started during the last day, and lie in the tables in no order.
-- No row: this only writes.
-- Parameters: $1 the session to copy (uuid), $2 number of copies (bigint)
with made as materialized (
    select (lpad(to_hex(floor(extract(epoch from now()) * 1000)::bigint - n), 12, '0')
               || '7' || substr(md5(n::text), 1, 3) || '8' || substr(md5(n::text), 4, 15))::uuid as session_id
      from generate_series(1, $2::bigint) as n
     order by md5(n::text || '!')
),
events as (
    insert into session_ledger.event (
        session_id, version, event_id, kind, shape, user_id, actor, payload, hash, occurred_at, client_ip, user_agent
    )
    select m.session_id, e.version, gen_random_uuid(), e.kind, e.shape, e.user_id, e.actor, e.payload, e.hash,
           e.occurred_at, e.client_ip, e.user_agent
      from made as m, session_ledger.event as e
     where e.session_id = $1
)
insert into session_ledger.session (
    session_id, version, started_at, changed_at, authenticated_at, absolute_deadline, superseded_until, idle_timeout,
    superseded_accepted, token_hash, superseded_hash, head_hash, user_id, client_ip, user_agent, state
)
select m.session_id, s.version, s.started_at, s.changed_at, s.authenticated_at, s.absolute_deadline, s.superseded_until,
       s.idle_timeout, s.superseded_accepted, s.token_hash, s.superseded_hash, s.head_hash,
       s.user_id || abs(hashtext(m.session_id::text)) % 10000, s.client_ip, s.user_agent, s.state
  from made as m, session_ledger.session as s
 where s.session_id = $1
returning session_id
