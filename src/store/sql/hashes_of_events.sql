-- Reads the chain hashes of several events, each named by its session and its version.
-- No row: the log has none of them. One row for each event that is there.
-- Parameters: $1 session ids (uuid[]), $2 the version of each (bigint[])
select event.session_id, event.version, event.hash
  from unnest((select $1::uuid[])) with ordinality as asked (session_id, place)
  join session_ledger.event
    on event.session_id = asked.session_id
   and event.version = ($2::bigint[])[asked.place::integer]
