-- Reads which of some sessions are parked for a subscription, and from which version on.
-- No row: none of them is.
-- Parameters: $1 subscription (text), $2 session ids (uuid[])
select session_id, from_version
  from session_ledger.parked_session
 where subscription = $1
   and session_id = any ($2)
