-- Counts the sessions that ended in a span, in steps of time from its beginning on, by the reason. Sessions
-- to which nobody was signed in do not count. `ended_session_by_time` answers it.
-- No row: none ended in the span. A step without ends has no row.
-- Parameters: $1 ended at or after and $2 ended before (timestamptz), $3 seconds of a step (double precision)
select date_bin(make_interval(secs => $3), ended_at, $1) as step_start,
       reason,
       count(*) as sessions
  from session_ledger.session_end
 where ended_at >= $1
   and ended_at < $2
   and user_id is not null
 group by step_start, reason
 order by step_start, reason
