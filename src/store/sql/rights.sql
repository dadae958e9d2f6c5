-- Reads which of the ledger's roles there are, and a digest of what anybody may do with the ledger's objects:
-- two digests differ if the rights do. Partitions have no rights of their own.
-- No row: never happens.
with granted (right_of, list) as (
    select 'schema', nspacl::text
      from pg_catalog.pg_namespace
     where nspname = 'session_ledger'
     union all
    select relname, relacl::text
      from pg_catalog.pg_class
     where relnamespace = to_regnamespace('session_ledger')
       and not relispartition
     union all
    select concat(relname, '.', attname), attacl::text
      from pg_catalog.pg_attribute
      join pg_catalog.pg_class on pg_class.oid = attrelid
     where relnamespace = to_regnamespace('session_ledger')
       and not relispartition
       and attacl is not null
     union all
    select oid::regprocedure::text, proacl::text
      from pg_catalog.pg_proc
     where pronamespace = to_regnamespace('session_ledger')
     union all
    select concat('type ', typname), typacl::text
      from pg_catalog.pg_type
     where typnamespace = to_regnamespace('session_ledger')
)
select array(
           select rolname::text
             from pg_catalog.pg_roles
            where rolname in (
                      'session_ledger_runtime', 'session_ledger_relay', 'session_ledger_auditor', 'session_ledger_analyst',
                      'session_ledger_operator'
                  )
            order by rolname
       ) as roles,
       (select md5(string_agg(concat(right_of, ' ', list), ',' order by right_of, list)) from granted) as digest
