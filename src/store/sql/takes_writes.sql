-- Asks whether the server refuses writes: a standby does, and one that an administrator has made read-only.
-- No row: never happens.
show transaction_read_only
