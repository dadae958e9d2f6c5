-- Opens a subscription again that was closed. It goes on where it was.
-- No row: there is none of that name, or it is open.
-- Parameters: $1 name (text)
update session_ledger.subscription
   set closed_at = null,
       closed_reason = null
 where name = $1
   and closed_at is not null
returning name
