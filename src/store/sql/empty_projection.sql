-- Empties the projection at once. A transaction that began before would see it empty even after the rebuild is committed,
-- so this is for a database that nobody else uses.
-- No row: this reads nothing.
truncate session_ledger.session, session_ledger.ended_session
