-- Ends several live sessions, as `end.sql` ends one: those that are at their expected versions, that
-- nobody has used since they were loaded, and that nobody holds. The others are left as they are, so that
-- none of them makes this wait or fail. It belongs into a READ COMMITTED transaction: there a session that
-- was changed meanwhile is seen as it is now. Nothing rests on SERIALIZABLE here: whoever commits a change of
-- a session, or its fence, locks the session's row, and finds out that it is gone. A list is hidden from the
-- planner as in `load_group.sql`, and the last activity of each session is looked up by itself.
-- No row: none of them was ended. One row for each session that was.
-- Parameters: $1 session ids, each one once, and lists with one value for each: $2 version before;
--             the row: $3 version after, $4 started at, $5 ended at, $6 last seen, $7 authenticated at,
--             $8 reason, $9 user, $10 address and $11 user agent of the client that the latest event before
--             the end names, $12 head hash, $13 who ended it if not its user;
--             the event: $14 id, $15 kind, $16 shape, $17 user, $18 actor, $19 client address,
--             $20 user agent, $21 occurred at, $22 payload, $23 hash, $24 what the chain has of the client
with held as materialized (
    select s.session_id, given.place
      from unnest((select $1::uuid[])) with ordinality as given (session_id, place)
      join session_ledger.session as s on s.session_id = given.session_id
     where s.version = ($2::bigint[])[given.place::integer]
       and coalesce(
               (select last_seen from session_ledger.activity as a where a.session_id = s.session_id),
               '-infinity'
           ) <= ($6::timestamptz[])[given.place::integer]
       for update of s skip locked
),
projected as (
    delete from session_ledger.session as s
     using held
     where s.session_id = held.session_id
    returning s.session_id, held.place
),
moved as (
    insert into session_ledger.ended_session (
        session_id, version, started_at, ended_at, last_seen, authenticated_at, reason, user_id, client_ip,
        user_agent, head_hash, ended_by
    )
    select given.session_id,
           ($3::bigint[])[given.place::integer],
           ($4::timestamptz[])[given.place::integer],
           ($5::timestamptz[])[given.place::integer],
           ($6::timestamptz[])[given.place::integer],
           ($7::timestamptz[])[given.place::integer],
           ($8::text[])[given.place::integer],
           ($9::text[])[given.place::integer],
           ($10::inet[])[given.place::integer],
           ($11::text[])[given.place::integer],
           ($12::bytea[])[given.place::integer],
           ($13::text[])[given.place::integer]
      from projected as given
),
appended as (
    insert into session_ledger.event (
        session_id, version, event_id, kind, shape, user_id, actor, client_ip, user_agent, occurred_at,
        payload, hash, client_proof
    )
    select given.session_id,
           ($2::bigint[])[given.place::integer] + 1,
           ($14::uuid[])[given.place::integer],
           ($15::text[])[given.place::integer],
           ($16::smallint[])[given.place::integer],
           ($17::text[])[given.place::integer],
           ($18::text[])[given.place::integer],
           ($19::inet[])[given.place::integer],
           ($20::text[])[given.place::integer],
           ($21::timestamptz[])[given.place::integer],
           ($22::bytea[])[given.place::integer],
           ($23::bytea[])[given.place::integer],
           ($24::bytea[])[given.place::integer]
      from projected as given
    returning session_id
)
select session_id from appended
