-- Measures the bytes of a live session's row and of an event, with their indexes and the free space of their
-- pages.
-- No row: never happens.
select pg_total_relation_size('session_ledger.session')::float8
           / greatest((select count(*) from session_ledger.session), 1) as session,
       (select sum(pg_total_relation_size(relid))::float8 from pg_partition_tree('session_ledger.event'))
           / greatest((select count(*) from session_ledger.event), 1) as event
