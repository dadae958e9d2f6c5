-- Ends a live session at an expected version: appends an event, the last or one before those of `append_event.sql`, and
-- moves its row to `ended_session`.
-- No row: never happens. If the session is not at the expected version, or has ended already, or the BEGIN before this was
-- lost, nothing is written and the statement divides by zero (22012), so that a COMMIT behind it cannot succeed.
-- Parameters: $1 session id, $2 version before, $3 version after, $4 ended at, $5 last seen, $6 authenticated at,
--             $7 reason, $8 user, $9 head hash, $10 address and $11 user agent of the client that was said last before the end;
--             and of the first event: $12 id, $13 kind, $14 shape, $15 user, $16 actor, $17 payload, $18 hash,
--             $19 occurred at, $20 client address, $21 user agent
with projected as (
    delete from session_ledger.session
     where session_id = $1
       and version = $2
    returning session_id, started_at
),
moved as (
    insert into session_ledger.ended_session (
        session_id, version, started_at, ended_at, last_seen, authenticated_at, reason, user_id, head_hash, client_ip,
        user_agent
    )
    select session_id, $3, started_at, $4, $5, $6, $7, $8, $9, $10, $11
      from projected
),
appended as (
    insert into session_ledger.event (
        session_id, version, event_id, kind, shape, user_id, actor, payload, hash, occurred_at, client_ip, user_agent
    )
    select session_id, $2 + 1, $12, $13, $14, $15, $16, $17, $18::bytea, $19, $20, $21
      from projected
    returning 1
)
select 1 / count(*) as appended from appended
 where current_setting('transaction_isolation') = 'serializable'
