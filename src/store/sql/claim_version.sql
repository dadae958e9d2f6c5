-- Takes the place of an event in the log, to find out whether somebody else has it: waits for a transaction that
-- is writing it, and is refused by the primary key (23505) if that is committed. Always rolled back.
-- No row: never happens.
-- Parameters: $1 session id (uuid), $2 version (bigint), $3 event id (uuid)
insert into session_ledger.event (session_id, version, event_id, kind, shape, occurred_at, hash, payload)
values ($1, $2, $3, 'claimed', 0, session_ledger.clock(), sha256(''), '')
returning version
