-- Appends an event to a live session at an expected version and writes the row that it makes, with those of the same
-- request that `append_event.sql` brings behind it. The row is changed first, so that two requests of one session meet
-- there and not in the log.
-- No row: never happens. If the session is not at the expected version, or has ended, or the BEGIN before this was lost,
-- nothing is written and the statement divides by zero (22012), so that a COMMIT behind it cannot succeed.
-- Parameters: $1 session id, $2 version before, $3 version after, $4 changed at, $5 authenticated at, $6 absolute deadline,
--             $7 superseded until, $8 idle timeout in seconds, $9 superseded accepted, $10 token hash, $11 superseded hash,
--             $12 head hash, $13 user, $14 state, $15 resend, $16 started at, $17 address and $18 user agent of the client
--             that was said last;
--             and of the first event: $19 id, $20 kind, $21 shape, $22 user, $23 actor, $24 payload, $25 hash,
--             $26 occurred at, $27 client address, $28 user agent
with projected as (
    update session_ledger.session
       set version = $3,
           changed_at = $4,
           authenticated_at = $5,
           absolute_deadline = $6,
           superseded_until = $7,
           idle_timeout = $8,
           superseded_accepted = $9,
           token_hash = $10::bytea,
           superseded_hash = $11,
           head_hash = $12,
           user_id = $13,
           client_ip = $17,
           user_agent = $18,
           state = $14,
           resend = $15
     where session_id = $1
       and version = $2
       and started_at = $16
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
