-- The roles that work with a ledger, by duty. They cannot log in: grant them to the roles that do.
--
--   session_ledger_runtime   an application: appends, projects, reads
--   session_ledger_relay     a follower of the feed: reads events, and moves its cursor
--   session_ledger_auditor   reads everything: verify, history, sessions
--   session_ledger_analyst   reads the views of `V15__login.sql`: no hash, no value of a session
--   session_ledger_operator  rebuilds the projection
--
-- Roles belong to the whole cluster, so another database may have made them already, even this instant. And a
-- dump does not hold them: each migration calls this again, so that a restored database gets them.
create function session_ledger.create_roles() returns void
    language plpgsql
as $$
declare
    duty      text;
    role_name text;
begin
    foreach duty in array array['runtime', 'relay', 'auditor', 'analyst', 'operator'] loop
        role_name := 'session_ledger_' || duty;
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

select session_ledger.create_roles();
