-- Asks whether the server takes no writes: a standby, or one that an administrator has made read-only.
-- No row: never happens.
show transaction_read_only
