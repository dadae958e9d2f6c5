-- Gives the dead letters up behind which a subscription's parked sessions wait, of one session or of all, and
-- has the later events delivered. The holder of the subscription does that.
-- No row: never happens.
-- Parameters: $1 name (text), $2 session id (uuid), or null for all
with skipped as (
    update session_ledger.dead_letter as dead
       set skipped_at = session_ledger.clock()
      from session_ledger.parked_session as parked
     where parked.subscription = $1
       and ($2::uuid is null or parked.session_id = $2)
       and dead.subscription = parked.subscription
       and dead.session_id = parked.session_id
       and dead.version = parked.from_version
    returning dead.session_id, dead.version
),
resumed as (
    update session_ledger.parked_session as parked
       set from_version = skipped.version + 1,
           is_due = true
      from skipped
     where parked.subscription = $1
       and parked.session_id = skipped.session_id
    returning parked.session_id
)
select count(*) as sessions from resumed
