-- Reads the clock by which sessions are judged, and the epoch.
-- No row: never happens.
select session_ledger.clock() as now, session_ledger.epoch() as epoch
