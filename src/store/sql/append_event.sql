-- Appends one more event, behind the statement that wrote the row and the first event of the same request. If
-- that statement failed, the transaction is aborted, and this statement fails, too. Most requests append one
-- event, so one event a statement takes less of PostgreSQL's time than one statement that takes lists.
-- No row: this reads nothing. A version that is there already is refused by the primary key (23505). Outside
-- of a transaction that has written already, nothing is written: an event must not come without its row.
-- Parameters: $1 session id, $2 version, $3 event id, $4 kind, $5 shape, $6 user, $7 actor,
--             $8 client address, $9 user agent, $10 occurred at, $11 payload, $12 hash,
--             $13 what the chain has of the client
insert into session_ledger.event (
    session_id, version, event_id, kind, shape, user_id, actor, client_ip, user_agent, occurred_at, payload,
    hash, client_proof
)
select $1, $2::bigint, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12::bytea, $13::bytea
 where pg_current_xact_id_if_assigned() is not null
