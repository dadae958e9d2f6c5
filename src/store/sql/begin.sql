-- Begins a request's transaction. One that hangs, or whose application has gone silent, must not hold its
-- connection and its locks for ever; an application that needs longer sets its own limits inside.
-- No row: this reads nothing.
begin isolation level serializable;
set local statement_timeout = '5s';
set local idle_in_transaction_session_timeout = '5s'
