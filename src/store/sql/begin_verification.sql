-- Begins a transaction that sees the log and the projection at one moment and changes nothing, however long it takes.
-- No row: this reads nothing.
begin isolation level repeatable read read only;
set local statement_timeout = 0;
set local idle_in_transaction_session_timeout = 0;
