-- Locks a live session's row, as the first statement of a transaction that ends the session: no request can
-- change it from now on, so the end does not come second for ever.
-- No row: the session is not live.
-- Parameters: $1 session id (uuid)
select true as locked from session_ledger.session where session_id = $1 for update
