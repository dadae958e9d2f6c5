-- Counts the events of a month by their kinds, and says when the latest of each was recorded. It reads the
-- whole month.
-- No row: the month has no event.
-- Parameters: $1 first session id (uuid), $2 the id after the last (uuid)
select kind, count(*) as events, max(recorded_at) as latest_at
  from session_ledger.event
 where session_id >= $1
   and session_id < $2
 group by kind
 order by kind
