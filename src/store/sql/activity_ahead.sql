-- Reads which sessions were last seen in the future: the time as text, as it may be none that a clock shows.
-- No row: none.
select session_id, last_seen::text as last_seen
  from session_ledger.activity
 where last_seen > clock_timestamp() + interval '1 minute'
 order by session_id
 limit 1000
