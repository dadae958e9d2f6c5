-- Reads a subscription's cursor with its epoch, how many events lie before it, its filter, and the present
-- snapshot and epoch: the next batch lies between the two. Also whether some of its events may be held back,
-- and a parked session whose events are due, if there is one.
-- No row: the lease is lost.
-- Parameters: $1 name (text), $2 holder (text), $3 fence (bigint)
select s.cursor, s.epoch, s.delivered, s.kinds, s.notes, s.users,
       pg_current_snapshot() as now,
       session_ledger.epoch() as present_epoch,
       exists (select from session_ledger.dead_letter where subscription = s.name) as has_dead_letters,
       due.session_id as due_session,
       due.from_version as due_version
  from session_ledger.subscription as s
  left join lateral (
      select session_id, from_version
        from session_ledger.parked_session
       where subscription = s.name
         and is_due
       order by session_id
       limit 1
  ) as due on true
 where s.name = $1
   and s.lease_holder = $2
   and s.fence = $3
