-- Empties the projection at once. It is for a database that nobody else uses: a transaction that began before
-- would see the projection empty even after the rebuild is committed. What is derived from events in an
-- archive stays, as nothing could derive it again: where there is any, the rows are deleted one by one.
-- No row: this reads nothing.
do '
begin
    if exists (select from session_ledger.archived_partition) then
        delete from session_ledger.ended_session where not session_ledger.is_archived(session_id);
        delete from session_ledger.login_step where not session_ledger.is_archived(session_id);
        truncate session_ledger.session;
    else
        truncate session_ledger.session, session_ledger.ended_session, session_ledger.login_step;
    end if;
end
'
