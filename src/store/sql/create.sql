-- Starts a session: its row and its first event; more come by `append_event.sql`. A blind insert: it reads nothing, so it conflicts with nothing.
-- No row: never happens. An id that exists already is refused by the primary key (23505), never taken over. If the BEGIN
-- before this was lost, nothing is written and the statement divides by zero (22012).
-- Parameters: $1 session id, $2 version before, $3 version after, $4 changed at, $5 authenticated at, $6 absolute deadline,
--             $7 superseded until, $8 idle timeout in seconds, $9 superseded accepted, $10 token hash, $11 superseded hash,
--             $12 head hash, $13 user, $14 state, $15 resend, $16 started at, $17 address and $18 user agent of the client
--             that was said last;
--             and of the first event: $19 id, $20 kind, $21 shape, $22 user, $23 actor, $24 payload, $25 hash,
--             $26 occurred at, $27 client address, $28 user agent
with projected as (
    insert into session_ledger.session (
        session_id, version, changed_at, authenticated_at, absolute_deadline, superseded_until, idle_timeout, superseded_accepted,
        token_hash, superseded_hash, head_hash, user_id, state, resend, started_at, client_ip, user_agent
    )
    select $1, $3, $4, $5, $6, $7, $8, $9, $10::bytea, $11, $12, $13, $14, $15, $16, $17, $18
     where $2 = 0::bigint
    returning session_id
),
appended as (
    insert into session_ledger.event (
        session_id, version, event_id, kind, shape, user_id, actor, payload, hash, occurred_at, client_ip, user_agent
    )
    select session_id, $2 + 1, $19, $20, $21, $22, $23, $24, $25::bytea, $26, $27, $28
      from projected
    returning 1
)
select 1 / count(*) as appended from appended
 where current_setting('transaction_isolation') = 'serializable'
