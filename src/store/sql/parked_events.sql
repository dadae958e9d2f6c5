-- Lists the events that a subscription's handler has refused, a page at a time, by their ids.
-- No row: there are no more.
-- Parameters: $1 subscription (text), $2 event id that all come behind (uuid), $3 most events (bigint)
select event_id, session_id, version, refused_at, reason
  from session_ledger.dead_letter
 where subscription = $1
   and event_id > $2
 order by event_id
 limit $3
