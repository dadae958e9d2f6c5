-- Tells which of these sessions have more events than their rebuilt rows know of. Their live rows are locked
-- by an earlier statement, so nothing follows any more.
-- No row: none.
-- Parameters: $1 session ids (uuid[])
select one.session_id
  from unnest($1::uuid[]) as one (session_id)
 where exists (
     select
       from session_ledger.event
      where event.session_id = one.session_id
        and event.version > coalesce(
            (select version from session_ledger.rebuilt_session as r where r.session_id = one.session_id),
            (select version from session_ledger.rebuilt_ended_session as r where r.session_id = one.session_id),
            0
        )
 )
