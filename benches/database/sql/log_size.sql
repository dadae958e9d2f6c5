-- Measures the log and the projection of live sessions: bytes a row, indexes included.
-- No row: never happens.
select (select sum(pg_total_relation_size(p.relid))::float8 from pg_partition_tree('session_ledger.event') as p)
           / (select count(*) from session_ledger.event) as event_bytes,
       (select sum(pg_relation_size(p.relid))::float8 from pg_partition_tree('session_ledger.event') as p where p.isleaf)
           / (select count(*) from session_ledger.event) as event_heap_bytes,
       pg_total_relation_size('session_ledger.session')::float8
           / (select count(*) from session_ledger.session) as session_bytes
