-- The fence of a transaction of another driver: locks the session's row, so that nothing of the transaction
-- commits after the session's end has. An end that comes meanwhile waits for it.
-- No row: the session has ended. A SERIALIZABLE transaction fails instead (40001) if it ended meanwhile.
-- Parameters: $1 session id (uuid)
select true as held from session_ledger.session where session_id = $1 for key share
