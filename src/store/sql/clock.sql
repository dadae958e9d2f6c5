-- Reads the clock by which sessions are judged.
-- No row: never happens.
select session_ledger.clock() as now
