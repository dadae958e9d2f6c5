-- Empties the tables that a rebuild beside the running application uses: at first of what a stopped one has
-- left behind, at last of its own rows.
-- No row: this reads nothing.
set statement_timeout = 0;
set idle_in_transaction_session_timeout = 0;
set lock_timeout = '100ms';
truncate session_ledger.rebuilt_session, session_ledger.rebuilt_ended_session, session_ledger.rebuilt_login_step
