-- Keeps the tables in which requests look sessions up from looking small to the planner. See
-- `schema/V13__padding.sql`.
-- No row: never happens.
select session_ledger.pad_tables() as padded
