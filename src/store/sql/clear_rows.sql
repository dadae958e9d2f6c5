-- Takes away what the rebuilt rows of these sessions replace: the rows of ended sessions, the steps of
-- logins, and the live rows of sessions that have ended.
-- No row: this returns none.
-- Parameters: $1 session ids (uuid[]), whose rows are locked
with steps as (
    delete from session_ledger.login_step where session_id = any ($1::uuid[])
),
ended as (
    delete from session_ledger.ended_session where session_id = any ($1::uuid[])
)
delete from session_ledger.session as s
 where s.session_id = any ($1::uuid[])
   and exists (
       select from session_ledger.rebuilt_ended_session as r where r.session_id = s.session_id
   )
