-- Lists the months of the log that are in an archive.
-- No row: none is.
select partition, first_id, end_id, events, sessions, file_hash, archived_at
  from session_ledger.archived_partition
 order by first_id
