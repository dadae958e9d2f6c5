-- Empties the projection at once. It is for a database that nobody else uses: a transaction that began before
-- would see the projection empty even after the rebuild is committed.
-- No row: this reads nothing.
truncate session_ledger.session, session_ledger.ended_session, session_ledger.login_step
