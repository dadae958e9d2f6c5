-- Names rows of the projection whose event, of a session's row the latest one, is not in the log, and counts
-- them. A session that has a row is named by that alone. Rows of ended sessions whose events are in an
-- archive are not meant.
-- No row: the log holds the event of each row.
select session_id, version, held_in, count(*) over () as rows_total
  from (
      select session_id, version, 'session' as held_in from session_ledger.session
       union all
      select session_id, version, 'ended_session' from session_ledger.ended_session
       union all
      select session_id, version, 'login_step'
        from session_ledger.login_step as step
       where not exists (select from session_ledger.session as s where s.session_id = step.session_id)
         and not exists (select from session_ledger.ended_session as e where e.session_id = step.session_id)
  ) as kept
 where not exists (
     select from session_ledger.event where event.session_id = kept.session_id and event.version = kept.version
 )
   and (held_in = 'session' or not session_ledger.is_archived(session_id))
 order by session_id
 limit 10
