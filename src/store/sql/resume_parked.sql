-- Has the events of a subscription's parked sessions delivered, the dead letter first: of one session, or of
-- all. The holder of the subscription does it.
-- No row: never happens.
-- Parameters: $1 name (text), $2 session id (uuid), or null for all
with resumed as (
    update session_ledger.parked_session
       set is_due = true
     where subscription = $1
       and ($2::uuid is null or session_id = $2)
    returning session_id
)
select count(*) as sessions from resumed
