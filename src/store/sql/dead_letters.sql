-- Lists the dead letters of a subscription, or of all, the oldest first: with the event's kind, and whether
-- its session is parked and how many of its events wait, counted up to a bound.
-- No row: there is none.
-- Parameters: $1 name (text), or null for all, $2 the most dead letters (bigint), $3 the most events to count
--             for each (bigint)
select dead.subscription, dead.event_id, dead.session_id, dead.version, dead.refused_at, dead.reason, dead.skipped_at,
       (select kind
          from session_ledger.event
         where event.session_id = dead.session_id
           and event.version = dead.version) as kind,
       parked.is_due,
       (select count(*)
          from (
              select
                from session_ledger.event
               where event.session_id = parked.session_id
                 and event.version > dead.version
               limit $3
          ) as later) as waiting
  from session_ledger.dead_letter as dead
  left join session_ledger.parked_session as parked
    on parked.subscription = dead.subscription
   and parked.session_id = dead.session_id
   and dead.skipped_at is null
 where $1::text is null
    or dead.subscription = $1
 order by dead.refused_at, dead.event_id
 limit $2
