-- Tells who else is connected to this database. What a role may not see of a backend's kind counts as a client; a backend
-- of nobody's is one of the server's own.
-- No row: nobody else is.
select pid, application_name
  from pg_catalog.pg_stat_activity
 where datname = current_database()
   and pid <> pg_backend_pid()
   and usesysid is not null
   and coalesce(backend_type, 'client backend') = 'client backend'
 order by pid
