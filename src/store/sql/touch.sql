-- Notes that live sessions were seen. Runs by itself, outside SERIALIZABLE, and does not wait for the disk: a note that a
-- crash takes away is made again by the next request. In the order of the ids, so that two of these cannot lock each other
-- out.
-- `(select $1)`: see `load_group.sql`. Cast once more, as without that `any` would compare with rows rather than elements.
-- No row: this gives none. Of a session that is not live nothing is noted.
-- Parameters: $1 session ids (uuid[])
insert into session_ledger.activity as a (session_id, last_seen)
select s.session_id, session_ledger.clock()
  from session_ledger.session as s,
       (select set_config('synchronous_commit', 'off', true)) as unhurried
 where s.session_id = any ((select $1::uuid[])::uuid[])
 order by s.session_id
    on conflict (session_id) do update
   set last_seen = greatest(a.last_seen, excluded.last_seen)
