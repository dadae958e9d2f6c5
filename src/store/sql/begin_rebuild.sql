-- Begins a rebuild: nobody reads or writes a session until it is committed. Every statement sees the data
-- that was committed before it, so the log is read as it is once the lock is held. If a transaction keeps a
-- session's row locked, the rebuild stops (55P03). Otherwise everybody would queue behind it.
-- No row: this reads nothing.
begin isolation level read committed;
set local statement_timeout = 0;
set local idle_in_transaction_session_timeout = 0;
set local lock_timeout = '3s';
lock table session_ledger.session, session_ledger.ended_session in access exclusive mode;
