-- Begins to restore an archive: nobody else appends to the log until it is committed. The lock is waited for
-- a moment only.
-- No row: this reads nothing.
begin isolation level read committed;
set local statement_timeout = 0;
set local idle_in_transaction_session_timeout = 0;
set local lock_timeout = '100ms';
lock table session_ledger.event in share row exclusive mode;
