-- Reads which migrations the database has.
-- No row: the database was prepared for migration, but no migration was applied.
select version, checksum
  from session_ledger.migration
 order by version
