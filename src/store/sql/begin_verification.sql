-- Begins a transaction that sees the log and the projection at one moment. It changes nothing, and may take
-- as long as it needs.
-- No row: this reads nothing.
begin isolation level repeatable read read only;
set local statement_timeout = 0;
set local idle_in_transaction_session_timeout = 0;
