-- Makes a log of sessions of a hundred events each, ten thousand under way at a time. Each event has a
-- transaction of its own and lies where it would lie if requests had written it. The first events are copies
-- of a session that the library has written, the others of its last event.
-- No row: this only writes.
-- Parameters: $1 the session to copy (uuid), $2 number of events, by the hundred (bigint), $3 first
-- transaction id (bigint)
insert into session_ledger.event (
    session_id, version, event_id, kind, shape, user_id, actor, payload, hash, occurred_at, client_ip, user_agent,
    transaction_id
)
select made.session_id, made.version, gen_random_uuid(), e.kind, e.shape, e.user_id, e.actor, e.payload, e.hash,
       e.occurred_at, e.client_ip, e.user_agent, made.transaction_id
  from (
      select (lpad(to_hex(floor(extract(epoch from now()) * 1000)::bigint - $2::bigint / 100 + s), 12, '0')
                 || '7' || substr(md5(s::text), 1, 3) || '8' || substr(md5(s::text), 4, 15))::uuid as session_id,
             v as version,
             ($3::bigint + row_number() over (order by s + v * 10000, s))::text::xid8 as transaction_id
        from generate_series(1, $2::bigint / 100) as s, generate_series(1, 100) as v
  ) as made
  join session_ledger.event as e
    on e.session_id = $1 and e.version = least(made.version, (select max(version) from session_ledger.event where session_id = $1))
 order by made.transaction_id
