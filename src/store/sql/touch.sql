-- Notes that a live session was seen. Runs by itself, outside SERIALIZABLE, and does not wait for the disk: a note that a
-- crash takes away is made again by the next request.
-- No row: the session is not live, and nothing is noted.
-- Parameters: $1 session id (uuid)
insert into session_ledger.activity as a (session_id, last_seen)
select s.session_id, session_ledger.clock()
  from session_ledger.session as s,
       (select set_config('synchronous_commit', 'off', true)) as unhurried
 where s.session_id = $1
    on conflict (session_id) do update
   set last_seen = greatest(a.last_seen, excluded.last_seen)
