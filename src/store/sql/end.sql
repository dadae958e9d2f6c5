-- Ends a live session at an expected version: appends an event and moves the session's row to
-- `ended_session`. The event is the last one, or more follow by `append_event.sql`.
-- No row: never happens. If the session is not at the expected version, or has ended already, or the BEGIN
-- before this was lost, or if what the request knows is not so, nothing is written and the statement
-- divides by zero (22012), so that a COMMIT behind it cannot succeed.
-- Parameters: $1 session id, $2 version before;
--             the row: $3 version after, $4 started at, $5 ended at, $6 last seen, $7 authenticated at,
--             $8 reason, $9 user, $10 address and $11 user agent of the client that the latest event before
--             the end names, $12 head hash, $13 who ended it if not its user;
--             the first event: $14 id, $15 kind, $16 shape, $17 user, $18 actor, $19 client address,
--             $20 user agent, $21 occurred at, $22 payload, $23 hash, $24 what the chain has of the client;
--             what the request knows, null for any: $25 epoch, $26 head hash before
with projected as (
    delete from session_ledger.session
     where session_id = $1
       and version = $2
       and head_hash = coalesce($26, head_hash)
    returning session_id
),
moved as (
    insert into session_ledger.ended_session (
        session_id, version, started_at, ended_at, last_seen, authenticated_at, reason, user_id, client_ip,
        user_agent, head_hash, ended_by
    )
    select session_id, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13
      from projected
),
appended as (
    insert into session_ledger.event (
        session_id, version, event_id, kind, shape, user_id, actor, client_ip, user_agent, occurred_at,
        payload, hash, client_proof
    )
    select session_id, $2 + 1, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23::bytea, $24::bytea
      from projected
    returning 1
)
select 1 / count(*) as appended from appended
 where current_setting('transaction_isolation') = 'serializable'
   and session_ledger.epoch() = coalesce($25, session_ledger.epoch())
