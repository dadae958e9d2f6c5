-- Appends an event to a live session at an expected version, and writes the row that it makes. More events of
-- the same request follow by `append_event.sql`. The row is changed first, so that two requests of one
-- session meet there and not in the log.
-- No row: never happens. If the session is not at the expected version, or has ended, if the BEGIN before
-- this was lost, or if what the request knows is not so, nothing is written and the statement divides by zero
-- (22012), so that a COMMIT behind it cannot succeed.
-- Parameters: $1 session id, $2 version before;
--             the row: $3 version after, $4 started at, $5 changed at, $6 authenticated at,
--             $7 absolute deadline, $8 superseded until, $9 idle timeout in seconds, $10 superseded accepted,
--             $11 token hash, $12 superseded hash, $13 head hash, $14 user, $15 address and $16 user agent of
--             the client that the latest event names, $17 state, $18 resend;
--             the first event: $19 id, $20 kind, $21 shape, $22 user, $23 actor, $24 client address,
--             $25 user agent, $26 occurred at, $27 payload, $28 hash, $29 what the chain has of the client;
--             what the request knows, null for any: $30 epoch, $31 head hash before
with projected as (
    update session_ledger.session
       set version = $3,
           changed_at = $5,
           authenticated_at = $6,
           absolute_deadline = $7,
           superseded_until = $8,
           idle_timeout = $9,
           superseded_accepted = $10,
           token_hash = $11::bytea,
           superseded_hash = $12,
           head_hash = $13,
           user_id = $14,
           client_ip = $15,
           user_agent = $16,
           state = $17,
           resend = $18
     where session_id = $1
       and version = $2
       and head_hash = coalesce($31, head_hash)
       and started_at = $4
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
   and session_ledger.epoch() = coalesce($30, session_ledger.epoch())
