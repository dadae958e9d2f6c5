-- The two roles that work with a ledger. They cannot log in: grant them to the roles that do.
--
--   session_ledger_runtime   what the library does in an application: append, project, read
--   session_ledger_operator  what the projector does besides: rebuild, relay, clean up
--
-- Roles belong to the whole cluster, so another database may have made them already, even this instant.
do $$
declare
    role_name text;
begin
    foreach role_name in array array['session_ledger_runtime', 'session_ledger_operator'] loop
        begin
            if not exists (select from pg_catalog.pg_roles where rolname = role_name) then
                execute format('create role %I nologin', role_name);
            end if;
        exception
            when duplicate_object or unique_violation then null;
        end;
    end loop;
end
$$;
