-- Notes that live sessions were seen. Runs by itself, outside SERIALIZABLE, and does not wait for the disk:
-- if a crash takes the note away, the next request makes another. The rows are locked in the order of the
-- ids, so that two of these statements cannot lock each other out.
-- `(select $1)` is explained in `load_group.sql`. The second cast is needed: without it `any` would compare
-- with rows rather than elements.
-- A note may be written late. It bears the time of the visit, so that the delay prolongs no session.
-- No row: this returns none. A session that is not live is skipped.
-- Parameters: $1 session ids, each once (uuid[]), $2 when they were seen, in the same order (timestamptz[])
insert into session_ledger.activity as a (session_id, last_seen)
select s.session_id, ($2::timestamptz[])[array_position($1::uuid[], s.session_id)]
  from session_ledger.session as s,
       (select set_config('synchronous_commit', 'off', true)) as unhurried
 where s.session_id = any ((select $1::uuid[])::uuid[])
 order by s.session_id
    on conflict (session_id) do update
   set last_seen = greatest(a.last_seen, excluded.last_seen)
