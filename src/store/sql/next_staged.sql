-- Takes the next sessions whose rebuilt rows wait, and locks their live rows. A row that somebody else has
-- locked is passed over: while this waited, the others would wait for it.
-- `is_free`: nobody can write to the session until the transaction ends. A session without a live row is
-- free: whoever writes needs that row.
-- No row: none waits any more.
-- Parameters: $1 the session before them (uuid)
with staged as materialized (
    select session_id
      from (
          (select session_id
             from session_ledger.rebuilt_session
            where session_id > $1
            order by session_id
            limit 100)
           union all
          (select session_id
             from session_ledger.rebuilt_ended_session
            where session_id > $1
            order by session_id
            limit 100)
      ) as either
     order by session_id
     limit 100
),
locked as materialized (
    select s.session_id
      from session_ledger.session as s
     where s.session_id = any (array(select session_id from staged))
       for update skip locked
)
select session_id,
       session_id in (select session_id from locked)
           or not exists (select from session_ledger.session as s where s.session_id = staged.session_id) as is_free
  from staged
 order by session_id
