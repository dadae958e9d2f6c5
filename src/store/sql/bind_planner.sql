-- Has our own statements at the end of an application's transaction find rows by their index, however small the table
-- is (see `begin.sql`).
-- No row: this reads nothing.
set local enable_seqscan = off
