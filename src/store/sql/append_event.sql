-- Appends one more event, behind the statement that wrote the row and the first event of the same request. If that one
-- failed, the transaction is aborted and so is this. An event a statement, as most requests append one: passing many as
-- arrays to one statement made PostgreSQL work twice as long on an append.
-- No row: this reads nothing. A version that is there already is refused by the primary key (23505).
-- Outside of a transaction that has written already, nothing is: an event must not come without its row.
-- Parameters: $1 session id, $2 version, $3 event id, $4 kind, $5 shape, $6 user, $7 actor, $8 payload, $9 hash,
--             $10 occurred at, $11 client address, $12 user agent
insert into session_ledger.event (
    session_id, version, event_id, kind, shape, user_id, actor, payload, hash, occurred_at, client_ip, user_agent
)
select $1, $2::bigint, $3, $4, $5, $6, $7, $8, $9::bytea, $10, $11, $12
 where pg_current_xact_id_if_assigned() is not null
