-- Forgets that events of a session were refused, or of all sessions, and that later ones wait.
-- No row: none was.
-- Parameters: $1 subscription (text), $2 session id (uuid), or null for all
with refused as (
    delete from session_ledger.dead_letter
     where subscription = $1
       and session_id = coalesce($2, session_id)
)
delete from session_ledger.parked_session
 where subscription = $1
   and session_id = coalesce($2, session_id)
returning session_id
