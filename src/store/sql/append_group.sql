-- Appends the events of several live sessions and writes their rows, as `append.sql` does for one: all, or
-- none. All sessions are locked in the order of the list. The settings that go before make the planner look
-- each session up by its index, see `commit.rs`. A list is hidden from it as in `load_group.sql`.
-- No row: never happens. If a session is not at its expected version, or has ended, or the BEGIN before this
-- was lost, or if what a request knows is not so, nothing is written and the statement divides by zero
-- (22012), so that a COMMIT behind it cannot succeed.
-- Parameters: $1 session ids, each one once, and lists with one value for each: $2 version before;
--             the row: $3 version after, $4 started at, $5 changed at, $6 authenticated at,
--             $7 absolute deadline, $8 superseded until, $9 idle timeout in seconds, $10 superseded accepted,
--             $11 token hash, $12 superseded hash, $13 head hash, $14 user, $15 address and $16 user agent of
--             the client that the latest event names, $17 state, $18 resend;
--             $19 the session of each event, and lists with one value for each: $20 version, $21 id,
--             $22 kind, $23 shape, $24 user, $25 actor, $26 client address, $27 user agent,
--             $28 occurred at, $29 payload, $30 hash, $31 what the chain has of the client;
--             what the requests know: $32 their epochs, and a list with one value for each session, null for
--             any: $33 head hash before
with projected as (
    update session_ledger.session as s
       set version = ($3::bigint[])[given.place::integer],
           changed_at = ($5::timestamptz[])[given.place::integer],
           authenticated_at = ($6::timestamptz[])[given.place::integer],
           absolute_deadline = ($7::timestamptz[])[given.place::integer],
           superseded_until = ($8::timestamptz[])[given.place::integer],
           idle_timeout = ($9::integer[])[given.place::integer],
           superseded_accepted = ($10::boolean[])[given.place::integer],
           token_hash = ($11::bytea[])[given.place::integer],
           superseded_hash = ($12::bytea[])[given.place::integer],
           head_hash = ($13::bytea[])[given.place::integer],
           user_id = ($14::text[])[given.place::integer],
           client_ip = ($15::inet[])[given.place::integer],
           user_agent = ($16::text[])[given.place::integer],
           state = ($17::bytea[])[given.place::integer],
           resend = ($18::bytea[])[given.place::integer]
      from unnest((select $1::uuid[])) with ordinality as given (session_id, place)
     where s.session_id = given.session_id
       and s.version = ($2::bigint[])[given.place::integer]
       and s.head_hash = coalesce(($33::bytea[])[given.place::integer], s.head_hash)
       and s.started_at = ($4::timestamptz[])[given.place::integer]
    returning s.session_id
),
appended as (
    insert into session_ledger.event (
        session_id, version, event_id, kind, shape, user_id, actor, client_ip, user_agent, occurred_at,
        payload, hash, client_proof
    )
    select given.session_id,
           ($20::bigint[])[given.place::integer],
           ($21::uuid[])[given.place::integer],
           ($22::text[])[given.place::integer],
           ($23::smallint[])[given.place::integer],
           ($24::text[])[given.place::integer],
           ($25::text[])[given.place::integer],
           ($26::inet[])[given.place::integer],
           ($27::text[])[given.place::integer],
           ($28::timestamptz[])[given.place::integer],
           ($29::bytea[])[given.place::integer],
           ($30::bytea[])[given.place::integer],
           ($31::bytea[])[given.place::integer]
      from unnest((select $19::uuid[])) with ordinality as given (session_id, place)
     where (select count(*) from projected) = cardinality($1::uuid[])
    returning 1
)
select 1 / count(*) as appended from appended
 where current_setting('transaction_isolation') = 'serializable'
   and session_ledger.epoch() = all ($32::smallint[])
