-- Empties the projection row by row: a transaction that began before and waits for the rebuild still finds
-- its session.
-- No row: this reads nothing.
delete from session_ledger.session;
delete from session_ledger.ended_session;
delete from session_ledger.login_step;
