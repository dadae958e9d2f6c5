-- Reads the latest event of a session that an inbox has handled, and locks its row until the transaction
-- ends: of two that handle the same event the second waits, and then sees what the first has done.
-- No row: the inbox has handled no event of the session, or has forgotten it.
-- Parameters: $1 inbox (text), $2 log (text), $3 session id (uuid)
select version, event_id, link, recorded_at
  from session_ledger_inbox.session
 where inbox = $1
   and session_id = $3
   and log = $2
   for update
