-- Writes events of an archive back into the log, with all that it held of them. It needs the table's owner:
-- to nobody else is it given to say when and where an event was recorded.
-- No row: this returns none.
-- Parameters: $1 sessions, and lists with one value for each event: $2 version, $3 id, $4 kind, $5 shape,
--             $6 user, $7 actor, $8 client address, $9 user agent, $10 occurred at, $11 payload, $12 hash,
--             $13 what the chain has of the client, $14 recorded at, $15 transaction id (text), $16 position,
--             $17 epoch
insert into session_ledger.event (
    session_id, version, event_id, kind, shape, user_id, actor, client_ip, user_agent, occurred_at, payload, hash,
    client_proof, recorded_at, transaction_id, position, epoch
)
select session_id, version, event_id, kind, shape, user_id, actor, client_ip, user_agent, occurred_at, payload, hash,
       client_proof, recorded_at, transaction_id::xid8, position, epoch
  from unnest(
           $1::uuid[], $2::bigint[], $3::uuid[], $4::text[], $5::smallint[], $6::text[], $7::text[], $8::inet[],
           $9::text[], $10::timestamptz[], $11::bytea[], $12::bytea[], $13::bytea[], $14::timestamptz[],
           $15::text[], $16::bigint[], $17::smallint[]
       ) as given (
           session_id, version, event_id, kind, shape, user_id, actor, client_ip, user_agent, occurred_at, payload,
           hash, client_proof, recorded_at, transaction_id, position, epoch
       )
