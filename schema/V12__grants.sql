-- Who may do what. The application may add events and read them, nothing else, and cannot say when or where
-- they were recorded.
grant usage on schema session_ledger to session_ledger_runtime, session_ledger_operator;
grant select on session_ledger.migration to session_ledger_runtime, session_ledger_operator;
grant usage on sequence session_ledger.event_position to session_ledger_runtime, session_ledger_operator;
grant select on session_ledger.event to session_ledger_runtime, session_ledger_operator;

grant insert (
    session_id, event_id, version, occurred_at, shape, kind, user_id, actor, client_ip, user_agent, hash, payload
) on session_ledger.event to session_ledger_runtime, session_ledger_operator;

grant select, insert, update, delete on session_ledger.session to session_ledger_runtime, session_ledger_operator;
grant select, insert on session_ledger.ended_session to session_ledger_runtime;
grant select, insert, update on session_ledger.activity to session_ledger_runtime;

grant truncate on session_ledger.session to session_ledger_operator;
grant select, insert, update, delete, truncate on session_ledger.ended_session to session_ledger_operator;
grant select, insert, update, delete on
    session_ledger.activity,
    session_ledger.subscription,
    session_ledger.dead_letter,
    session_ledger.parked_session
to session_ledger_operator;
