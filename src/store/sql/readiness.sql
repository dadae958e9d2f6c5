-- Reads whether requests can work here: the database's encoding, and which rights the user lacks. It names
-- objects by the catalogue, as whoever may not use the schema may not name them otherwise.
-- No row: never happens.
with our as (
    select oid from pg_catalog.pg_namespace where nspname = 'session_ledger'
)
select getdatabaseencoding() as encoding,
       current_user::text as user_name,
       array(
           select 'usage on schema session_ledger' from our where not has_schema_privilege(oid, 'usage')
            union all
           select concat(privilege, ' on ', relname)
             from our
             join pg_catalog.pg_class as one on relnamespace = our.oid
             join (
                 values ('event', 'select'), ('event', 'insert'), ('session', 'select'), ('session', 'insert'),
                        ('session', 'update'), ('ended_session', 'select'), ('ended_session', 'insert'),
                        ('login_step', 'insert'),
                        ('activity', 'select'), ('activity', 'insert'), ('activity', 'update'),
                        ('seal_count', 'select'), ('seal_count', 'insert'), ('seal_count', 'update'),
                        ('login_gate', 'select'), ('login_gate', 'update'), ('disabled_account', 'select'),
                        ('failed_login', 'insert')
             ) as wanted (name, privilege) on name = relname
            where not has_any_column_privilege(one.oid, privilege)
            union all
           select 'delete on session'
             from our
             join pg_catalog.pg_class as one on relnamespace = our.oid and relname = 'session'
            where not has_table_privilege(one.oid, 'delete')
            union all
           select 'usage on event_position'
             from our
             join pg_catalog.pg_class as one on relnamespace = our.oid and relname = 'event_position'
            where not has_sequence_privilege(one.oid, 'usage')
            union all
           select concat('execute on ', proname)
             from our
             join pg_catalog.pg_proc as one on pronamespace = our.oid and proname in ('clock', 'epoch')
            where not has_function_privilege(one.oid, 'execute')
            order by 1
       ) as lacking
