-- Starts a session: writes its row and its first event. More events follow by `append_event.sql`. It is a
-- blind insert: it reads nothing, so it conflicts with nothing.
-- No row: never happens. An id that exists already is refused by the primary key (23505), never taken over.
-- If the BEGIN before this was lost, nothing is written and the statement divides by zero (22012).
-- Parameters: $1 session id, $2 version before;
--             the row: $3 version after, $4 started at, $5 changed at, $6 authenticated at,
--             $7 absolute deadline, $8 superseded until, $9 idle timeout in seconds, $10 superseded accepted,
--             $11 token hash, $12 superseded hash, $13 head hash, $14 user, $15 address and $16 user agent of
--             the client that the latest event names, $17 state, $18 resend;
--             the first event: $19 id, $20 kind, $21 shape, $22 user, $23 actor, $24 client address,
--             $25 user agent, $26 occurred at, $27 payload, $28 hash, $29 what the chain has of the client
with projected as (
    insert into session_ledger.session (
        session_id, version, started_at, changed_at, authenticated_at, absolute_deadline, superseded_until,
        idle_timeout, superseded_accepted, token_hash, superseded_hash, head_hash, user_id, client_ip,
        user_agent, state, resend
    )
    select $1, $3, $4, $5, $6, $7, $8, $9, $10, $11::bytea, $12, $13, $14, $15, $16, $17, $18
     where $2 = 0::bigint
    returning session_id
),
appended as (
    insert into session_ledger.event (
        session_id, version, event_id, kind, shape, user_id, actor, client_ip, user_agent, occurred_at,
        payload, hash, client_proof
    )
    select session_id, $2 + 1, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28::bytea, $29::bytea
      from projected
    returning 1
)
select 1 / count(*) as appended from appended
 where current_setting('transaction_isolation') = 'serializable'
