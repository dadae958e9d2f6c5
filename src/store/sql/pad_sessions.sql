-- Keeps `session` from looking small to the planner. See `schema/V14__padding.sql`.
-- No row: never happens.
select session_ledger.pad_sessions() as padded
