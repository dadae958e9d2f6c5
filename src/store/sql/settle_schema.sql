-- What each migration does, also where none is missing: makes the roles and gives them their rights, which a
-- restored dump may have lost, puts up missing gates, and keeps small tables from looking small to the
-- planner.
-- No row: never happens.
select session_ledger.grant_rights() as rights,
       session_ledger.pad_sessions() as sessions,
       session_ledger.pad_activity() as activity,
       session_ledger.place_gates() as gates
