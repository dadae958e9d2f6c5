-- Empties the projection row by row: a transaction that began before and waits for the rebuild still finds
-- its session. What is derived from events in an archive stays: nothing could derive it again.
-- No row: this reads nothing.
delete from session_ledger.session;
delete from session_ledger.ended_session where not session_ledger.is_archived(session_id);
delete from session_ledger.login_step where not session_ledger.is_archived(session_id);
