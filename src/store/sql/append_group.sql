-- Appends the events of several live sessions and writes their rows, as `append.sql` does of one: all, or none. All
-- sessions are locked in the order of the list. The settings that go before keep the planner from joining in another way
-- than by the index, see `commit.rs`; a list is hidden from it as in `load_group.sql`.
-- No row: never happens. If a session is not at its expected version, or has ended, or the BEGIN before this was lost,
-- nothing is written and the statement divides by zero (22012), so that a COMMIT behind it cannot succeed.
-- Parameters: $1 session ids, each one once, and of each in the same order: $2 version before, $3 version after,
--             $4 changed at, $5 authenticated at, $6 absolute deadline, $7 superseded until, $8 idle timeout in seconds,
--             $9 superseded accepted, $10 token hash, $11 superseded hash, $12 head hash, $13 user, $14 state, $15 resend,
--             $16 started at, $17 address and $18 user agent of the client that was said last;
--             $19 the session of each event, and in the same order: $20 version, $21 id, $22 kind, $23 shape, $24 user,
--             $25 actor, $26 payload, $27 hash, $28 occurred at, $29 client address, $30 user agent
with projected as (
    update session_ledger.session as s
       set version = ($3::bigint[])[given.place::integer],
           changed_at = ($4::timestamptz[])[given.place::integer],
           authenticated_at = ($5::timestamptz[])[given.place::integer],
           absolute_deadline = ($6::timestamptz[])[given.place::integer],
           superseded_until = ($7::timestamptz[])[given.place::integer],
           idle_timeout = ($8::integer[])[given.place::integer],
           superseded_accepted = ($9::boolean[])[given.place::integer],
           token_hash = ($10::bytea[])[given.place::integer],
           superseded_hash = ($11::bytea[])[given.place::integer],
           head_hash = ($12::bytea[])[given.place::integer],
           user_id = ($13::text[])[given.place::integer],
           client_ip = ($17::inet[])[given.place::integer],
           user_agent = ($18::text[])[given.place::integer],
           state = ($14::bytea[])[given.place::integer],
           resend = ($15::bytea[])[given.place::integer]
      from unnest((select $1::uuid[])) with ordinality as given (session_id, place)
     where s.session_id = given.session_id
       and s.version = ($2::bigint[])[given.place::integer]
       and s.started_at = ($16::timestamptz[])[given.place::integer]
    returning s.session_id
),
appended as (
    insert into session_ledger.event (
        session_id, version, event_id, kind, shape, user_id, actor, payload, hash, occurred_at, client_ip, user_agent
    )
    select given.session_id,
           ($20::bigint[])[given.place::integer],
           ($21::uuid[])[given.place::integer],
           ($22::text[])[given.place::integer],
           ($23::smallint[])[given.place::integer],
           ($24::text[])[given.place::integer],
           ($25::text[])[given.place::integer],
           ($26::bytea[])[given.place::integer],
           ($27::bytea[])[given.place::integer],
           ($28::timestamptz[])[given.place::integer],
           ($29::inet[])[given.place::integer],
           ($30::text[])[given.place::integer]
      from unnest((select $19::uuid[])) with ordinality as given (session_id, place)
     where (select count(*) from projected) = cardinality($1::uuid[])
    returning 1
)
select 1 / count(*) as appended from appended
 where current_setting('transaction_isolation') = 'serializable'
