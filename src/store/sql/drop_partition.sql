-- Drops a month of the log that was exported: see `V26__archived_partition.sql`.
-- No row: never happens.
-- Parameters: $1 the table (text), $2 its first session id (uuid), $3 the id after its last (uuid), $4
--             how many events and $5 how many sessions were exported (bigint), $6 SHA-256 of the file (bytea)
select session_ledger.drop_event_partition($1, $2, $3, $4, $5, $6) as dropped
