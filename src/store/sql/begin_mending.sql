-- Begins a step of a rebuild beside the running application. Each statement sees what was committed before
-- it. No lock is waited for longer than a moment (55P03).
-- No row: this reads nothing.
begin isolation level read committed;
set local lock_timeout = '100ms'
