-- Begins a rebuild: nobody reads or writes a session until it is committed. Every statement sees the data
-- that was committed before it, so the log is read as it is once the lock is held. The lock is waited for a
-- moment only (55P03): everybody would queue behind it. The rebuild then tries again.
-- No row: this reads nothing.
begin isolation level read committed;
set local statement_timeout = 0;
set local idle_in_transaction_session_timeout = 0;
set local lock_timeout = '100ms';
lock table session_ledger.session, session_ledger.ended_session, session_ledger.login_step in access exclusive mode;
