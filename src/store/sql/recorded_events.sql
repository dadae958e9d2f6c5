-- Finds out which of several events the log holds, each at its place and by its random name.
-- No row: none of them. One row for each event that is there.
-- Parameters: $1 session ids, and lists with one value for each: $2 version (bigint[]), $3 event id (uuid[])
select event.session_id
  from unnest((select $1::uuid[])) with ordinality as given (session_id, place)
  join session_ledger.event
    on event.session_id = given.session_id
   and event.version = ($2::bigint[])[given.place::integer]
 where event.event_id = ($3::uuid[])[given.place::integer]
