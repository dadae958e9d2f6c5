-- Whether an archive can be restored here: into a log that holds nothing, and never has.
-- No row: never happens.
select not exists (select from session_ledger.event)
       and not exists (select from session_ledger.archived_partition)
       and not exists (select from session_ledger.session)
       and not exists (select from session_ledger.ended_session) as is_empty
